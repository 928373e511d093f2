package dev.graft.evaluation;

import org.jspecify.annotations.Nullable;

/**
 * A number of a model: how likely the known answers are to it, or what a grader says of its own.
 *
 * @param grader its place among the graders; null = the loss
 */
public record Metric(String name, @Nullable Integer grader) {
  /** Mean negative log-likelihood of a token of the known answers, their ends included. */
  public static final String LOSS = "loss";

  static final Metric OF_LOSS = new Metric(LOSS, null);

  public boolean higherIsBetter() {
    return grader != null;
  }
}
