package dev.graft.inference;

import org.jspecify.annotations.Nullable;

/** What came of a question to a model. */
public sealed interface GreedyCompletion {
  /**
   * The model's own answer.
   *
   * @param cut whether the bound on its tokens ended it
   * @param known how likely the known answer was to it; null where that cannot be said
   * @param fingerprint of the files that answered
   */
  record Given(String text, boolean cut, int tokens, @Nullable Likelihood known, String fingerprint)
      implements GreedyCompletion {}

  /** The question does not fit the model, as it would not tomorrow. */
  record Refused(String why) implements GreedyCompletion {}

  /**
   * Of an answer, given the prompt.
   *
   * @param logProbability natural logarithm, of all its tokens together
   * @param tokens with the end of its turn, as training counts them
   */
  record Likelihood(double logProbability, int tokens) {}
}
