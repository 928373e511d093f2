package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Locale;
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
record QualityGate(
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
   * Why it does not pass, in words that follow a colon; null if it passes.
   *
   * @param value of the candidate
   * @param comparison with the baseline, or null if there is none; of fewer than {@link #LEAST}
   *     questions it is not sure of anything
   */
  public @Nullable String unmet(
      double value, @Nullable Comparison comparison, boolean higherIsBetter) {
    if (atLeast != null) return value >= atLeast ? null : "it is " + number(value);
    if (atMost != null) return value <= atMost ? null : "it is " + number(value);
    if (comparison == null) return "it cannot be compared with the baseline's";
    if (comparison.questions() < LEAST) {
      return "%d %s fewer than the %d that such a gate needs"
          .formatted(
              comparison.questions(),
              comparison.questions() == 1 ? "question is" : "questions are",
              LEAST);
    }
    double low = comparison.confidenceInterval().getFirst();
    double high = comparison.confidenceInterval().getLast();
    double leastGain = higherIsBetter ? low : -high;
    if (worseByAtMost != null && leastGain >= -worseByAtMost) return null;
    if (betterBy != null) {
      if (comparison.verdict() == Comparison.Verdict.INCONCLUSIVE) {
        return "the difference from the baseline may be chance";
      }
      if (comparison.verdict() == Comparison.Verdict.BETTER && leastGain >= betterBy) return null;
    }
    return String.format(Locale.ROOT, "the 95 %% interval of the gain begins at %+.4f", leastGain);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
