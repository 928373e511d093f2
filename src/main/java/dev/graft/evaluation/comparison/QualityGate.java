package dev.graft.evaluation.comparison;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * What a candidate must reach. One of the bounds is set.
 *
 * @param metric name of a grader, or {@code Metric#LOSS}
 * @param atLeast the least that the candidate's number may be; {@code atMost} the most
 * @param betterBy how much better than the baseline it must be, with confidence: all of the
 *     interval of the difference
 * @param worseByAtMost how much worse it may be, with confidence
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record QualityGate(
    String metric,
    @Nullable Double atLeast,
    @Nullable Double atMost,
    @Nullable Double betterBy,
    @Nullable Double worseByAtMost) {
  /** Questions that a gate which compares needs. */
  static final int LEAST = 20;

  /** Whether it needs a baseline, and how far the candidate is from it. */
  public boolean compares() {
    return betterBy != null || worseByAtMost != null;
  }

  /**
   * @param value of the candidate
   * @param comparison with the baseline, or null if there is none; of fewer than {@link #LEAST}
   *     questions it is not sure of anything
   */
  public boolean passes(double value, @Nullable Comparison comparison, boolean higherIsBetter) {
    if (atLeast != null) return value >= atLeast;
    if (atMost != null) return value <= atMost;
    if (comparison == null || comparison.questions() < LEAST) return false;
    double low = comparison.confidenceInterval().getFirst();
    double high = comparison.confidenceInterval().getLast();
    double leastGain = higherIsBetter ? low : -high;
    if (betterBy != null)
      return comparison.verdict() == Comparison.Verdict.BETTER && leastGain >= betterBy;
    return worseByAtMost != null && leastGain >= -worseByAtMost;
  }
}
