package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import dev.graft.platform.Span;
import dev.graft.platform.Traces;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import java.util.Locale;

/**
 * Records one run as spans: the run, and its phases one after the other. All are on the thread of
 * the device, so that its calls to the server belong to the current phase.
 */
final class RunTrace implements AutoCloseable {
  /** Maximum number of spans for the steps; there may be millions of steps. */
  private static final int PIECES = 20;

  private final Span run;
  private Span phase;
  private long step;
  private long total;

  /** Last step of the current piece; 0 = there is none. */
  private long pieceEnds;

  private RunTrace(Span run) {
    this.run = run;
    this.phase = phase("fetch inputs");
  }

  static RunTrace begin(Traces traces, Lease lease) {
    return new RunTrace(
        traces
            .follow("run job", Span.Kind.CONSUMER, lease.traceparent())
            .put("graft.job_id", lease.key().jobId())
            .put("graft.lease_epoch", lease.key().epoch()));
  }

  /** The trainer is about to start. */
  void starting() {
    next("load model");
  }

  void heard(TrainingEvent event) {
    switch (event) {
      case TrainingEvent.Started started -> {
        step = started.step();
        total = started.totalSteps();
        goOn();
      }
      case TrainingEvent.Progress progress -> stepped(progress.step());
      case TrainingEvent.StepSkipped skipped -> stepped(skipped.step());
      case TrainingEvent.Evaluating evaluating -> next("evaluate");
      case TrainingEvent.Evaluated evaluated -> goOn();
      case TrainingEvent.Planned planned -> {}
      case TrainingEvent.Checkpoint checkpoint -> {}
      case TrainingEvent.Completed completed -> {}
      case TrainingEvent.Failed failed -> {}
    }
  }

  /** The trainer has ended; the next phase sends its result. */
  void ended(int status) {
    TrainerExit exit = TrainerExit.of(status);
    String outcome = exit.name().toLowerCase(Locale.ROOT);
    run.put("graft.trainer_outcome", outcome);
    switch (exit) {
      case DONE -> next("publish result");
      case STOPPED_AFTER_CHECKPOINT, CANCELLED -> next("give back");
      case BAD_INPUT, OUT_OF_MEMORY, TRANSIENT -> {
        phase.failed(outcome);
        run.failed(outcome);
        next("report failure");
      }
    }
  }

  private void stepped(long made) {
    step = made;
    if (made >= pieceEnds) goOn();
  }

  /** Begins the phase of the next steps or, after the last step, of the result. */
  private void goOn() {
    if (step >= total) {
      next("write result");
      return;
    }
    next("train steps");
    phase.put("graft.step_first", step + 1);
    long piece = Math.ceilDiv(total, PIECES);
    pieceEnds = Math.min(total, (step / piece + 1) * piece);
  }

  private void next(String name) {
    closePhase();
    phase = phase(name);
  }

  private Span phase(String name) {
    return run.child(name, Span.Kind.INTERNAL);
  }

  private void closePhase() {
    if (pieceEnds > 0) phase.put("graft.step_last", step);
    pieceEnds = 0;
    phase.close();
  }

  @Override
  public void close() {
    closePhase();
    run.close();
  }
}
