package dev.graft.training;

/** What a supervisor may ask of a running trainer; heard before the next step. */
public enum TrainerDirective {
  /** Write a checkpoint now and go on. */
  CHECKPOINT,
  /**
   * Finish the step, write a checkpoint and end with {@link TrainerExit#STOPPED_AFTER_CHECKPOINT}.
   * Where there is nothing new to keep, as before the first step, it ends without one.
   */
  STOP_AFTER_CHECKPOINT,
  /** End at once, without a checkpoint, with {@link TrainerExit#CANCELLED}. */
  CANCEL
}
