package dev.graft.spec;

import org.jspecify.annotations.Nullable;

/**
 * Everything that decides the numbers of a run, apart from the base model and the data themselves.
 *
 * @param preference how pairs are learned from; null without an objective of pairs
 * @param quantization of the base; null = its weights as they are
 */
public record TrainingSpec(
    AdapterMethod method,
    Objective objective,
    @Nullable Preference preference,
    @Nullable Quantization quantization,
    Hyperparameters training,
    DataOptions data,
    Outputs outputs,
    long seed) {
  public TrainingSpec {
    if (objective.pairs() == (preference == null)) {
      throw new IllegalArgumentException(objective + " with preference " + preference);
    }
  }

  public TrainingSpec withSeed(long other) {
    return new TrainingSpec(
        method, objective, preference, quantization, training, data, outputs, other);
  }

  /** What the loss is about; names are the request's. */
  public enum Objective {
    /** Loss on answers. */
    SFT,
    /** Loss on every token of plain text, rows laid end to end. */
    PRETRAINING,
    /** Classes of whole rows: one of several, or any of them. */
    CLASSIFICATION,
    /** A number for every row. */
    REGRESSION,
    /** Chosen answers rather than rejected ones, measured from a reference. */
    DPO,
    /** The same by odds, without a reference, and loss on the chosen text. */
    ORPO;

    /** Whether rows have labels instead of tokens to predict. */
    public boolean labelsRows() {
      return this == CLASSIFICATION || this == REGRESSION;
    }

    /** Whether it learns from pairs. */
    public boolean pairs() {
      return this == DPO || this == ORPO;
    }
  }

  /**
   * Which tokens train. Null = as the row is: of a chat the assistant's turns, of a prompt with a
   * completion the completion, of a text everything.
   *
   * @param assistantOnlyLoss TRL's: the assistant's turns only, their end-of-turn token included
   * @param completionOnlyLoss TRL's: what follows the prompt only; with {@code assistantOnlyLoss}
   *     both must allow a token
   * @param maskHistory LLaMA-Factory's {@code mask_history}: of a chat the assistant's last turn
   * @param allowSpecialTokens special tokens written in a row become control tokens, as in TRL;
   *     else such a row is refused
   */
  public record DataOptions(
      @Nullable Boolean assistantOnlyLoss,
      @Nullable Boolean completionOnlyLoss,
      boolean maskHistory,
      boolean allowSpecialTokens) {
    public static final DataOptions DEFAULT = new DataOptions(null, null, false, false);

    /** The same, with loss on every token. */
    public DataOptions everyToken() {
      return new DataOptions(false, false, false, allowSpecialTokens);
    }
  }
}
