package dev.graft.evaluation;

import org.jspecify.annotations.Nullable;

/**
 * A number of a model: how likely the known answers are to it, or what a grader says of its own.
 *
 * @param grader its place among the graders; null = the loss, or the F1
 */
record Metric(String name, @Nullable Integer grader) {
  /** Mean negative log-likelihood of a token of the known answers, their ends included. */
  public static final String LOSS = "loss";

  /** Share of the right labels. */
  public static final String ACCURACY = "accuracy";

  /** See {@code MacroF1}. */
  public static final String F1_MACRO = "f1_macro";

  static final Metric OF_LOSS = new Metric(LOSS, null);
  static final Metric OF_F1 = new Metric(F1_MACRO, null);

  public boolean higherIsBetter() {
    return !name.equals(LOSS);
  }

  /** Whether it is a mean of numbers that each question has; else of all questions together. */
  public boolean ofEachQuestion() {
    return grader != null || name.equals(LOSS);
  }
}
