package dev.graft.training;

import dev.graft.model.MicroBatch;
import dev.graft.model.SplitMix64;
import dev.graft.spec.Hyperparameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the rows of optimiser step k as a pure function of settings, seed, row lengths and k. An
 * epoch is an order of the rows, divided into micro-batches and these into windows of accumulation;
 * the last window of an epoch may be shorter but is a full step.
 */
final class BatchPlan {
  /** transformers sorts by length inside groups of up to this many batches. */
  private static final int GROUP = 50;

  private final Hyperparameters training;
  private final long seed;
  private final int[] lengths;
  private final int microBatches;
  private final int windows;
  private long orderedEpoch = -1;
  private int[] order = new int[0];

  public BatchPlan(Hyperparameters training, long seed, int[] lengths) {
    this.training = training;
    this.seed = seed;
    this.lengths = lengths;
    int rows = training.batching().perDeviceTrainBatchSize();
    microBatches =
        training.batching().dataloaderDropLast()
            ? lengths.length / rows
            : ceil(lengths.length, rows);
    windows = ceil(microBatches, training.batching().gradientAccumulationSteps());
  }

  private static int ceil(int a, int b) {
    return (int) ((a + (long) b - 1) / b);
  }

  /** Returns the optimiser steps of one pass over the data. */
  public int stepsPerEpoch() {
    return windows;
  }

  public long totalSteps() {
    if (windows == 0) return 0;
    return training.schedule().maxSteps() > 0
        ? training.schedule().maxSteps()
        : (long) Math.ceil(training.schedule().numTrainEpochs() * windows);
  }

  /** Returns the passes over the data after a number of steps. */
  public double epochs(long steps) {
    long whole = steps / windows;
    long inEpoch = (steps % windows) * training.batching().gradientAccumulationSteps();
    return whole + (double) inEpoch / microBatches;
  }

  /**
   * @param step from 0
   * @return the step's micro-batches, as row numbers
   */
  public List<int[]> window(long step) {
    long epoch = step / windows;
    if (epoch != orderedEpoch) {
      order = order(epoch);
      orderedEpoch = epoch;
    }
    int first = (int) (step % windows) * training.batching().gradientAccumulationSteps();
    int last = Math.min(microBatches, first + training.batching().gradientAccumulationSteps());
    int rows = training.batching().perDeviceTrainBatchSize();
    List<int[]> window = new ArrayList<>();
    for (int m = first; m < last; m++) {
      int to = Math.min(order.length, (m + 1) * rows);
      window.add(Arrays.copyOfRange(order, m * rows, to));
    }
    return window;
  }

  private int[] order(long epoch) {
    return switch (training.batching().trainSamplingStrategy()) {
      case SEQUENTIAL -> identity();
      case RANDOM -> permutation(epoch);
      case GROUP_BY_LENGTH -> groupedByLength(permutation(epoch));
    };
  }

  private int[] identity() {
    int[] rows = new int[lengths.length];
    Arrays.setAll(rows, i -> i);
    return rows;
  }

  private int[] permutation(long epoch) {
    int[] rows = identity();
    SplitMix64 random = new SplitMix64(seed, epoch);
    for (int i = rows.length - 1; i > 0; i--) {
      int j = random.below(i + 1);
      int row = rows[i];
      rows[i] = rows[j];
      rows[j] = row;
    }
    return rows;
  }

  /**
   * Groups rows as transformers' LengthGroupedSampler: the permutation in groups, each sorted with
   * the longest row first; the longest row of all comes first, so that a lack of memory shows at
   * once.
   */
  private int[] groupedByLength(int[] rows) {
    int batch =
        training.batching().perDeviceTrainBatchSize()
            * training.batching().gradientAccumulationSteps();
    int group = batch * Math.clamp(rows.length / (batch * 4L), 1, GROUP);
    Integer[] sorted = Arrays.stream(rows).boxed().toArray(Integer[]::new);
    int longest = 0;
    for (int from = 0; from < sorted.length; from += group) {
      int to = Math.min(sorted.length, from + group);
      Arrays.sort(sorted, from, to, Comparator.comparingInt((Integer row) -> -lengths[row]));
      if (lengths[sorted[from]] > lengths[sorted[longest]]) longest = from;
    }
    Integer first = sorted[0];
    sorted[0] = sorted[longest];
    sorted[longest] = first;
    return Arrays.stream(sorted).mapToInt(row -> row).toArray();
  }

  /**
   * The micro-batches of consecutive steps. A separate thread prepares those of the next step while
   * a step is computed; its exceptions are thrown at the step that needs them.
   */
  static final class StepBatches implements AutoCloseable {
    private final BatchPlan plan;
    private final Rows rows;
    private final int multipleOf;
    private final ExecutorService maker =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("micro-batches").factory());
    private long ahead = -1;
    private @Nullable Future<Window> made;

    /**
     * Micro-batches of one optimiser step.
     *
     * @param rows row numbers of each
     */
    record Window(List<int[]> rows, List<MicroBatch> batches) {}

    /**
     * @param plan used only by the other thread from now on
     * @param multipleOf as {@link Rows#batch} takes it
     */
    StepBatches(BatchPlan plan, Rows rows, int multipleOf) {
      this.plan = plan;
      this.rows = rows;
      this.multipleOf = multipleOf;
    }

    /**
     * @param step from 0
     * @throws RuntimeException if reading the rows fails
     */
    Window take(long step) {
      Future<Window> now = made;
      if (now == null || ahead != step) now = begin(step);
      Window window = await(now);
      ahead = step + 1;
      made = ahead < plan.totalSteps() ? begin(ahead) : null;
      return window;
    }

    private Future<Window> begin(long step) {
      return maker.submit(
          () -> {
            List<int[]> window = plan.window(step);
            return new Window(
                window, window.stream().map(each -> rows.batch(each, multipleOf)).toList());
          });
    }

    private static Window await(Future<Window> made) {
      try {
        return made.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException failure) throw failure;
        if (e.getCause() instanceof Error error) throw error;
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while a micro-batch was prepared", e);
      }
    }

    @Override
    public void close() {
      maker.shutdownNow();
    }
  }

  public static List<int[]> evaluationBatches(Rows rows, int size) {
    int[] lengths = rows.lengths();
    int[] sorted =
        IntStream.range(0, rows.size())
            .boxed()
            .sorted(Comparator.comparingInt(row -> lengths[row]))
            .mapToInt(row -> row)
            .toArray();
    List<int[]> batches = new ArrayList<>();
    for (int from = 0; from < sorted.length; from += size) {
      batches.add(Arrays.copyOfRange(sorted, from, Math.min(sorted.length, from + size)));
    }
    return batches;
  }
}
