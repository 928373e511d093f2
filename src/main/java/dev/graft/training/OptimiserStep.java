package dev.graft.training;

import dev.graft.model.MicroBatch;
import dev.graft.model.PendingLoss;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.model.Schedules;
import dev.graft.model.SplitMix64;
import dev.graft.model.TrainableModel;
import dev.graft.model.TrainableModel.NonfiniteGradients;
import dev.graft.spec.Hyperparameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One optimiser step: the window's micro-batches, then one update. A step whose numbers are wrong
 * ends the run, or is left out where the run's settings say so.
 */
final class OptimiserStep {
  /** A run that skips so many steps in a row learns nothing any more. */
  private static final int MOST_SKIPPED = 10;

  private final Hyperparameters training;
  private final long seed;
  private final Rows rows;
  private final StepBatches windows;
  private final TrainableModel model;
  private final RunControl control;
  private final long total;
  private final long warmup;

  /** What became of it. */
  sealed interface Outcome {}

  /**
   * @param gradNorm before clipping
   * @param tokens of its rows
   */
  record Updated(TokenLoss loss, double gradNorm, double learningRate, long tokens)
      implements Outcome {}

  /**
   * The parameters are as before.
   *
   * @param reason with the rows
   */
  record NotUpdated(String reason) implements Outcome {}

  /** A loss that is no finite number. */
  private static final class Nonfinite extends RuntimeException {
    Nonfinite(String reason) {
      super(reason, null, false, false);
    }
  }

  OptimiserStep(
      TrainingRun run,
      long total,
      Rows rows,
      StepBatches windows,
      TrainableModel model,
      RunControl control) {
    training = run.spec().training();
    seed = run.spec().seed();
    this.rows = rows;
    this.windows = windows;
    this.model = model;
    this.control = control;
    this.total = total;
    warmup =
        training.schedule().warmupSteps() > 0
            ? training.schedule().warmupSteps()
            : (long) Math.ceil(total * training.schedule().warmupRatio());
  }

  /**
   * @param progress before it
   * @throws BadRun if the numbers are wrong, unless such a step is to be left out
   */
  Outcome make(RunProgress progress) {
    StepBatches.Window made = windows.take(progress.step());
    Outcome outcome = null;
    while (outcome == null) outcome = make(progress, made);
    return outcome;
  }

  /** Null = it must be made again, with another loss scale. */
  private @Nullable Outcome make(RunProgress progress, StepBatches.Window made) {
    long step = progress.step();
    List<int[]> window = made.rows();
    List<PendingLoss> losses = new ArrayList<>();
    try {
      enqueue(step, made, losses);
      double rate = training.schedule().learningRate() * multiplier(step);
      double norm = model.update(rate);
      TokenLoss loss = PendingLoss.sum(losses).read();
      if (training.guards().lossSpike() && progress.trend().spikes(loss.mean())) {
        String spike = "the loss jumped to %.3g".formatted(loss.mean());
        throw new BadRun(
            null, told(spike, step, all(window)) + "; loss_spike_guard false trains on");
      }
      return new Updated(loss, norm, rate, tokens(made.batches()));
    } catch (Nonfinite wrong) {
      return skipped(progress, String.valueOf(wrong.getMessage()));
    } catch (NonfiniteGradients wrong) {
      if (firstNonfinite(losses) < 0 && model.lowerLossScale()) {
        model.discard();
        return null;
      }
      return skipped(progress, whatIsNotFinite(step, window, losses));
    }
  }

  private NotUpdated skipped(RunProgress progress, String why) {
    if (!training.guards().skipNonfinite()) throw new BadRun(null, why);
    if (progress.skippedInARow() + 1 >= MOST_SKIPPED) {
      throw new BadRun(
          null, "%d steps in a row made no update; of the last: %s".formatted(MOST_SKIPPED, why));
    }
    model.discard();
    return new NotUpdated(why);
  }

  /** Looks at those losses that need no waiting; the model at the others. */
  private void enqueue(long step, StepBatches.Window window, List<PendingLoss> losses) {
    List<MicroBatch> batches = window.batches();
    long targets = Math.max(1, batches.stream().mapToLong(MicroBatch::targets).sum());
    for (int m = 0; m < batches.size(); m++) {
      control.poll();
      long dropoutSeed = new SplitMix64(seed, step, m).next();
      PendingLoss loss = model.enqueue(batches.get(m), targets, dropoutSeed);
      losses.add(loss);
      if (loss.known() && !Double.isFinite(loss.read().sum())) {
        throw new Nonfinite(whatIsNotFinite(step, window.rows(), losses));
      }
    }
  }

  /** The first loss, else the gradients. */
  private String whatIsNotFinite(long step, List<int[]> window, List<PendingLoss> losses) {
    int m = firstNonfinite(losses);
    return m < 0
        ? told("the gradients are not finite", step, all(window))
        : told("the loss is not a finite number", step, window.get(m));
  }

  private static int firstNonfinite(List<PendingLoss> losses) {
    for (int m = 0; m < losses.size(); m++) {
      if (!Double.isFinite(losses.get(m).read().sum())) return m;
    }
    return -1;
  }

  private double multiplier(long step) {
    return Schedules.multiplier(
        training.schedule().lrScheduler(), step, warmup, total, training.schedule().learningRate());
  }

  private static long tokens(List<MicroBatch> batches) {
    return batches.stream()
        .flatMap(batch -> Arrays.stream(batch.inputIds()))
        .mapToLong(row -> row.length)
        .sum();
  }

  private static int[] all(List<int[]> window) {
    return window.stream().flatMapToInt(Arrays::stream).toArray();
  }

  private String told(String what, long step, int[] of) {
    List<String> origins = Arrays.stream(of).mapToObj(rows::origin).limit(8).toList();
    return "%s in step %d, in rows from %s; a lower learning_rate or a look at these rows may help"
        .formatted(what, step + 1, String.join(", ", origins));
  }
}
