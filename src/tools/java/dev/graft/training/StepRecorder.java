package dev.graft.training;

import dev.graft.model.StepObserver;
import dev.graft.training.StepReport.StepWork.Work;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Records the steps of a run, and ends it after enough steps. */
final class StepRecorder implements StepObserver {
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
  private double firstStep;

  /**
   * A step that counts.
   *
   * @param nanos from the end of the step before to its own
   * @param update ns of that in the update of the parameters
   * @param work measured behind it; null = not yet
   */
  record RecordedStep(long nanos, long update, List<MicroBatchCost> batches, @Nullable Work work) {}

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

  /** How the largest micro-batch is computed where that follows from memory; else null. */
  @Nullable String plan() {
    return plan;
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

  /** Seconds from the start of this JVM to the end of the first step. */
  double firstStep() {
    return firstStep;
  }
}
