package dev.graft.training;

import dev.graft.kernels.TorchThread;
import dev.graft.model.Execution;
import dev.graft.model.Slot;
import dev.graft.model.StepObserver;
import dev.graft.model.StepObserver.MicroBatchCost;
import dev.graft.model.Tuner;
import dev.graft.training.GemmBound.StepProducts;
import dev.graft.training.StepReport.StepRecorder.RecordedStep;
import dev.graft.training.StepReport.StepWork.Work;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The report of measured steps. Its JSON, with names in snake case, is the line of {@code graft
 * bench train --json}; means are over the steps that count.
 *
 * @param tokensPerSecond logical tokens by the time of all steps that count
 * @param firstStepSeconds from the start of the JVM to the end of the first step
 * @param time where it went: data, forward, loss, backward, optimizer
 * @param gflopPerSecond of the products of {@link StepProducts}, in the time of the whole step
 * @param gemmBoundTokensPerSecond if nothing but those products took time: see {@link GemmBound}
 * @param gemmBoundShare of the step's time that they need at least, from 0 to 1
 * @param peakAnonymousMb MB are of 10^6 bytes
 * @param peakMappedMb pages of files
 * @param weightsMb what the weights of the base take of it, by the estimate
 * @param estimateMb the estimate of {@code graft train --memory}
 * @param losses of all steps, those that do not count included
 */
record StepReport(
    double tokensPerSecond,
    double secondsPerStep,
    int steps,
    double firstStepSeconds,
    StepTokenCounts tokensPerStep,
    Map<String, TimeShare> time,
    double gflopPerSecond,
    double gemmBoundTokensPerSecond,
    double gemmBoundShare,
    long peakRssMb,
    long peakAnonymousMb,
    long peakMappedMb,
    double weightsMb,
    long estimateMb,
    List<Double> losses,
    String dtype,
    String plan,
    String device,
    int threads,
    String libtorch) {
  private static final long MB = 1_000_000;

  /**
   * @param logical of the rows, without padding
   * @param computed that went through the layers: what rows begin with in common once
   * @param trained that the head looked at
   */
  public record StepTokenCounts(double logical, double computed, double trained) {}

  /** Of a step, in milliseconds and of 100. */
  public record TimeShare(double ms, double percent) {}

  /**
   * @param weights bytes of the base's, by the estimate
   * @param estimate bytes of all
   */
  static StepReport of(
      TrainingRun run,
      StepRecorder recorder,
      Work work,
      PeakMemory.Peak peak,
      long weights,
      long estimate) {
    List<RecordedStep> measured = recorder.measured();
    int steps = measured.size();
    double seconds = measured.stream().mapToLong(RecordedStep::nanos).sum() / 1e9;
    StepTokenCounts tokens =
        new StepTokenCounts(
            mean(measured, MicroBatchCost::logical),
            mean(measured, MicroBatchCost::tokens),
            mean(measured, MicroBatchCost::outputs));
    return new StepReport(
        steps * tokens.logical() / seconds,
        seconds / steps,
        steps,
        recorder.firstStep,
        tokens,
        times(measured, seconds / steps),
        work.flops() / seconds / 1e9,
        steps * tokens.logical() / work.seconds(),
        work.seconds() / seconds,
        peak.rss() / MB,
        peak.anonymous() / MB,
        peak.mapped() / MB,
        weights / (double) MB,
        estimate / MB,
        List.copyOf(recorder.losses()),
        run.execution().precision().name().toLowerCase(Locale.ROOT),
        recorder.plan == null
            ? run.execution().plan().kind().name().toLowerCase(Locale.ROOT)
            : recorder.plan,
        run.machine().device(),
        run.threads(),
        TorchThread.version());
  }

  private static double mean(List<RecordedStep> steps, ToLongFunction<MicroBatchCost> of) {
    long sum = steps.stream().flatMap(step -> step.batches().stream()).mapToLong(of).sum();
    return (double) sum / steps.size();
  }

  /** What is no pass and no update is the way of the rows to the device, and the loop around. */
  private static Map<String, TimeShare> times(List<RecordedStep> measured, double seconds) {
    Map<String, Double> nanos = new LinkedHashMap<>();
    nanos.put("data", 0.0);
    nanos.put("forward", mean(measured, MicroBatchCost::forward));
    nanos.put("loss", mean(measured, MicroBatchCost::loss));
    nanos.put("backward", mean(measured, MicroBatchCost::backward));
    nanos.put("optimizer", measured.stream().mapToLong(RecordedStep::update).average().orElse(0));
    double known = nanos.values().stream().mapToDouble(each -> each).sum();
    nanos.put("data", Math.max(0, seconds * 1e9 - known));
    Map<String, TimeShare> shares = new LinkedHashMap<>();
    nanos.forEach(
        (part, each) -> shares.put(part, new TimeShare(each / 1e6, each / 1e7 / seconds)));
    return shares;
  }

  /**
   * The matrix products of steps and what they need at least. What is measured behind a step is of
   * the machine as it was during the step: others may use it, too. Nothing is opened before the
   * first step that counts, so that no start pays for it.
   */
  static final class StepWork implements AutoCloseable {
    private final SpecFile spec;
    private final Execution execution;
    private @Nullable Opened opened;

    /**
     * @param seconds that they need at least
     */
    record Work(double flops, double seconds) {}

    private record Opened(ModelConfig config, List<Slot> slots, GemmBound bound) {}

    StepWork(SpecFile spec, Execution execution) {
      this.spec = spec;
      this.execution = execution;
    }

    /** Of all steps; what is missing is measured now. */
    Work of(List<RecordedStep> steps) {
      double flops = 0;
      double seconds = 0;
      for (RecordedStep step : steps) {
        Work work = step.work() == null ? now(step.batches()) : step.work();
        flops += work.flops();
        seconds += work.seconds();
      }
      return new Work(flops, seconds);
    }

    /** Of a step, measured now, on this thread. */
    Work now(List<MicroBatchCost> step) {
      Opened with = opened == null ? opened = open() : opened;
      StepProducts products = new StepProducts(with.config(), with.slots(), execution);
      step.forEach(products::add);
      return new Work(products.flops(), with.bound().seconds(products));
    }

    private Opened open() {
      try (ModelDirectory files = ModelDirectory.open(spec.baseModel());
          ModelDirectory base = files.withTask(TrainedParts.task(spec.spec().objective()))) {
        List<Slot> slots = Tuner.of(spec.spec().method(), base).slots();
        return new Opened(base.config(), slots, GemmBound.open(execution));
      }
    }

    @Override
    public void close() {
      if (opened != null) opened.bound().close();
    }
  }

  /**
   * Measures the peak memory of this process. Linux reports the exact peak of the total. The
   * anonymous part and the pages of files are only sampled every {@value #EVERY_MS} ms, because
   * sampling takes time from the measured steps. Pages of files, such as mapped weights and
   * libraries, can be dropped and read again.
   */
  static final class PeakMemory implements AutoCloseable {
    private static final int EVERY_MS = 100;
    private static final Path STATUS = Path.of("/proc/self/status");

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread watcher;
    private long anonymous;
    private long mapped;

    /**
     * @param rss peak resident bytes
     * @param anonymous peak bytes that are not backed by files
     * @param mapped peak bytes that are backed by files
     */
    record Peak(long rss, long anonymous, long mapped) {}

    PeakMemory() {
      watcher = Thread.ofPlatform().daemon().name("memory").start(this::watch);
    }

    private void watch() {
      try {
        do look();
        while (!closed.await(EVERY_MS, TimeUnit.MILLISECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private synchronized void look() {
      String status = status();
      anonymous = Math.max(anonymous, bytes(status, "RssAnon"));
      mapped = Math.max(mapped, bytes(status, "RssFile") + bytes(status, "RssShmem"));
    }

    /** Returns the peak so far. */
    synchronized Peak peak() {
      look();
      return new Peak(bytes(status(), "VmHWM"), anonymous, mapped);
    }

    private static String status() {
      try {
        return Files.readString(STATUS);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static long bytes(String status, String field) {
      int at = status.indexOf(field + ":");
      if (at < 0) return 0;
      String line = status.substring(at + field.length() + 1, status.indexOf(" kB", at));
      return Long.parseLong(line.strip()) * 1024;
    }

    @Override
    public void close() {
      closed.countDown();
      try {
        watcher.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Records the steps of a run, and ends it after enough steps. */
  static final class StepRecorder implements StepObserver {
    /** How the largest micro-batch is computed where that follows from memory; else null. */
    private @Nullable String plan;

    private final int warmup;
    private final int steps;
    private final Function<List<MicroBatchCost>, Work> work;
    private final List<RecordedStep> measured = new ArrayList<>();
    private final List<Double> losses = new ArrayList<>();
    private List<MicroBatchCost> batches = new ArrayList<>();
    private List<MicroBatchCost> shapes = List.of();
    private long update;
    private long begun = System.nanoTime();

    /** Seconds from the start of this JVM to the end of the first step. */
    private double firstStep;

    /**
     * A step that counts.
     *
     * @param nanos from the end of the step before to its own
     * @param update ns of that in the update of the parameters
     * @param work measured behind it; null = not yet
     */
    record RecordedStep(
        long nanos, long update, List<MicroBatchCost> batches, @Nullable Work work) {}

    /**
     * @param work of a step that counts, asked for behind it if it has the products of the step
     *     before: new ones take memory that is not the run's
     */
    StepRecorder(int warmup, int steps, Function<List<MicroBatchCost>, Work> work) {
      this.work = work;
      this.warmup = warmup;
      this.steps = steps;
    }

    @Override
    public void accumulated(MicroBatchCost cost) {
      batches.add(cost);
    }

    @Override
    public void updated(long nanos) {
      update += nanos;
    }

    void hear(TrainingEvent event) {
      if (event instanceof TrainingEvent.Planned how) {
        plan =
            "auto, %d of %d rows, %d of %d layers again"
                .formatted(how.rowsAtATime(), how.rows(), how.recomputedLayers(), how.layers());
      }
      if (event instanceof TrainingEvent.Progress step) stepped(step);
      begun = System.nanoTime(); // a checkpoint and what is measured are no part of the next step
    }

    private void stepped(TrainingEvent.Progress step) {
      long nanos = System.nanoTime() - begun;
      if (losses.isEmpty()) {
        firstStep = ManagementFactory.getRuntimeMXBean().getUptime() / 1e3;
      }
      losses.add(step.loss());
      List<MicroBatchCost> before = shapes;
      shapes = batches.stream().map(MicroBatchCost::untimed).toList();
      if (losses.size() > warmup && measured.size() < steps) {
        Work now = shapes.equals(before) ? work.apply(batches) : null;
        measured.add(new RecordedStep(nanos, update, batches, now));
      }
      batches = new ArrayList<>();
      update = 0;
    }

    /** What the run asks for between its steps. */
    @Nullable TrainerDirective next() {
      return measured.size() < steps ? null : TrainerDirective.CANCEL;
    }

    List<RecordedStep> measured() {
      return measured;
    }

    /** Of every step, in nats a trained token. */
    List<Double> losses() {
      return losses;
    }
  }
}
