package dev.graft.worker;

import dev.graft.training.TrainerDirective;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Why a run should end before it is done, and the trainer that is to hear of it. */
final class EarlyEnd {
  private static final Logger log = LoggerFactory.getLogger(EarlyEnd.class);
  private static final Duration CANCEL_GRACE = Duration.ofSeconds(10);

  /** Weakest first. */
  enum Reason {
    NONE,
    RELEASE,
    CANCEL,
    LOST
  }

  private final String job;
  private final StopTime stopTime;
  private final Duration drainGrace;
  private Reason reason = Reason.NONE;
  private @Nullable Trainer trainer;

  EarlyEnd(String job, StopTime stopTime, Duration drainGrace) {
    this.job = job;
    this.stopTime = stopTime;
    this.drainGrace = drainGrace;
  }

  synchronized void ask(Reason now) {
    if (now.compareTo(reason) <= 0) return;
    reason = now;
    if (trainer != null) tell(trainer);
  }

  synchronized void started(Trainer process) {
    trainer = process;
    tell(process);
  }

  /** A checkpoint without an end; nothing where no trainer runs. */
  synchronized void checkpoint() {
    if (trainer != null) trainer.send(TrainerDirective.CHECKPOINT);
  }

  synchronized Reason reason() {
    return reason;
  }

  boolean asked() {
    return reason() != Reason.NONE;
  }

  private void tell(Trainer running) {
    switch (reason) {
      case NONE -> {}
      case RELEASE -> {
        running.send(TrainerDirective.STOP_AFTER_CHECKPOINT);
        Duration limit = stopTime.limit(drainGrace);
        if (limit != null) running.killAfter(limit);
        log.atInfo()
            .addKeyValue("job", job)
            .addKeyValue("trainer", running.name())
            .addKeyValue("limit", limit == null ? "none, it writes its result" : limit)
            .log("trainer_stopping");
      }
      case CANCEL -> {
        running.send(TrainerDirective.CANCEL);
        running.killAfter(CANCEL_GRACE);
      }
      case LOST -> running.leave();
    }
  }
}
