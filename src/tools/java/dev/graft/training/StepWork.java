package dev.graft.training;

import dev.graft.model.Execution;
import dev.graft.model.Slot;
import dev.graft.model.StepObserver.MicroBatchCost;
import dev.graft.model.Tuner;
import dev.graft.training.StepRecorder.RecordedStep;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The matrix products of steps and what they need at least. What is measured behind a step is of
 * the machine as it was during the step: others may use it, too. Nothing is opened before the first
 * step that counts, so that no start pays for it.
 */
final class StepWork implements AutoCloseable {
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
