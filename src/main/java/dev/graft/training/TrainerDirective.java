package dev.graft.training;

/** A request of a supervisor to a running trainer, which takes effect before the next step. */
public enum TrainerDirective {
  /** Write a checkpoint now and continue. */
  CHECKPOINT,
  /**
   * Finish the step, write a checkpoint and end with {@link TrainerExit#STOPPED_AFTER_CHECKPOINT}.
   * Without anything new to keep, as before the first step, it ends without one.
   */
  STOP_AFTER_CHECKPOINT,
  /** End at once, without a checkpoint, with {@link TrainerExit#CANCELLED}. */
  CANCEL
}
