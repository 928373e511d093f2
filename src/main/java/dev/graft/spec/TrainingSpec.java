package dev.graft.spec;

/**
 * Everything that decides the numbers of a run, apart from the base model and the data themselves.
 */
public record TrainingSpec(
    AdapterMethod method,
    Objective objective,
    Hyperparameters training,
    DataOptions data,
    long seed) {
  /** What the loss is about; names are the request's. */
  public enum Objective {
    /** Loss on answers. */
    SFT,
    /** Loss on every token of plain text, rows laid end to end. */
    PRETRAINING
  }

  /**
   * @param assistantOnlyLoss chat rows: loss on the assistant's turns (their end-of-turn token
   *     included) only
   */
  public record DataOptions(boolean assistantOnlyLoss) {}
}
