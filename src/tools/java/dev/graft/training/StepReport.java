package dev.graft.training;

import dev.graft.kernels.TorchThread;
import dev.graft.model.Execution;
import dev.graft.model.Slot;
import dev.graft.model.StepObserver.MicroBatchCost;
import dev.graft.model.Tuner;
import dev.graft.training.StepRecorder.RecordedStep;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
   * @param weights bytes of the base's
   * @param estimate bytes of all
   */
  record Memory(PeakMemory.Peak peak, long weights, long estimate) {}

  static StepReport of(TrainingRun run, StepRecorder recorder, StepWork.Work work, Memory memory) {
    List<RecordedStep> measured = recorder.measured();
    int steps = measured.size();
    double seconds = measured.stream().mapToLong(RecordedStep::nanos).sum() / 1e9;
    StepTokenCounts tokens =
        new StepTokenCounts(
            mean(measured, MicroBatchCost::logical),
            mean(measured, MicroBatchCost::tokens),
            mean(measured, MicroBatchCost::outputs));
    PeakMemory.Peak peak = memory.peak();
    return new StepReport(
        steps * tokens.logical() / seconds,
        seconds / steps,
        steps,
        recorder.firstStep(),
        tokens,
        times(measured, seconds / steps),
        work.flops() / seconds / 1e9,
        steps * tokens.logical() / work.seconds(),
        work.seconds() / seconds,
        peak.rss() / MB,
        peak.anonymous() / MB,
        peak.mapped() / MB,
        memory.weights() / (double) MB,
        memory.estimate() / MB,
        List.copyOf(recorder.losses()),
        run.execution().precision().name().toLowerCase(Locale.ROOT),
        recorder.plan() == null
            ? run.execution().plan().kind().name().toLowerCase(Locale.ROOT)
            : recorder.plan(),
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
   * Cases of a fixture that must be exact: how many there are, and the names of those that differ.
   */
  static final class Tally {
    private static final int NAMED = 5;

    private final List<String> wrong = new ArrayList<>();
    private int cases;

    void add(String name, boolean right) {
      cases++;
      if (!right) wrong.add(name);
    }

    void tell(String what, GoldenResult.Collector result) {
      result.add("%d %s, wrong".formatted(cases, what), wrong.size(), 0);
      wrong.stream().limit(NAMED).forEach(name -> result.require(name, false));
    }
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
        StepWork.Work work = step.work() == null ? now(step.batches()) : step.work();
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
}
