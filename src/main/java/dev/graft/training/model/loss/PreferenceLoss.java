package dev.graft.training.model.loss;

import dev.graft.spec.Preference;
import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.Orpo;
import dev.graft.training.metrics.PairMetrics;

/**
 * Mean loss of pairs, in double, from the log-probabilities of their completions.
 *
 * @param loss mean over the pairs
 * @param chosen derivative by the summed log-probability of each chosen completion
 * @param rejected derivative by that of each rejected one
 */
record PreferenceLoss(double loss, double[] chosen, double[] rejected, PairMetrics metrics) {
  /**
   * A side of pairs.
   *
   * @param logps log-probability of each completion, summed over its tokens
   * @param tokens of each completion
   * @param reference log-probabilities under the reference; zeros without one
   */
  record Side(double[] logps, int[] tokens, double[] reference) {
    double ratio(int pair) {
      return logps[pair] - reference[pair];
    }

    double mean(int pair) {
      return logps[pair] / tokens[pair];
    }
  }

  /** What one pair adds. */
  private record Term(double loss, double chosen, double rejected) {}

  static PreferenceLoss of(Preference preference, Side chosen, Side rejected) {
    int pairs = chosen.logps().length;
    double[] byChosen = new double[pairs];
    double[] byRejected = new double[pairs];
    double loss = 0;
    PairMetrics metrics = PairMetrics.NONE;
    for (int i = 0; i < pairs; i++) {
      Term term =
          switch (preference) {
            case Dpo dpo -> dpo(dpo, chosen, rejected, i);
            case Orpo orpo -> orpo(orpo.beta(), chosen, rejected, i);
          };
      loss += term.loss() / pairs;
      byChosen[i] = term.chosen() / pairs;
      byRejected[i] = term.rejected() / pairs;
      double c = preference.beta() * reward(preference, chosen, i);
      double r = preference.beta() * reward(preference, rejected, i);
      metrics =
          metrics.plus(
              new PairMetrics(
                  1,
                  c,
                  r,
                  c > r ? 1 : 0,
                  chosen.logps()[i],
                  rejected.logps()[i],
                  0,
                  chosen.tokens()[i],
                  rejected.tokens()[i]));
    }
    return new PreferenceLoss(loss, byChosen, byRejected, metrics);
  }

  private static double reward(Preference preference, Side side, int pair) {
    return switch (preference) {
      case Dpo dpo -> side.ratio(pair);
      case Orpo orpo -> side.mean(pair);
    };
  }

  private static Term dpo(Dpo dpo, Side chosen, Side rejected, int i) {
    double beta = dpo.beta();
    double e = dpo.labelSmoothing();
    double x = beta * (chosen.ratio(i) - rejected.ratio(i));
    return switch (dpo.lossType()) {
      case SIGMOID ->
          symmetric(
              -(1 - e) * logSigmoid(x) - e * logSigmoid(-x),
              beta * (e * sigmoid(x) - (1 - e) * sigmoid(-x)));
      case ROBUST ->
          symmetric(
              (e * logSigmoid(-x) - (1 - e) * logSigmoid(x)) / (1 - 2 * e),
              -beta * (e * sigmoid(x) + (1 - e) * sigmoid(-x)) / (1 - 2 * e));
      case HINGE -> symmetric(Math.max(0, 1 - x), x < 1 ? -beta : 0);
      case IPO -> {
        int c = chosen.tokens()[i];
        int r = rejected.tokens()[i];
        double off = chosen.ratio(i) / c - rejected.ratio(i) / r - 1 / (2 * beta);
        yield new Term(off * off, 2 * off / c, -2 * off / r);
      }
    };
  }

  private static Term symmetric(double loss, double slope) {
    return new Term(loss, slope, -slope);
  }

  /** The part of the odds; that of the chosen text is no function of pairs. */
  private static Term orpo(double beta, Side chosen, Side rejected, int i) {
    double c = chosen.mean(i);
    double r = rejected.mean(i);
    double odds = c - r - logOther(c) + logOther(r);
    double slope = -beta * sigmoid(-odds);
    return new Term(
        -beta * logSigmoid(odds),
        slope / -Math.expm1(c) / chosen.tokens()[i],
        -slope / -Math.expm1(r) / rejected.tokens()[i]);
  }

  /** log(1 - e^logp). */
  private static double logOther(double logp) {
    return logp > -Math.log(2) ? Math.log(-Math.expm1(logp)) : Math.log1p(-Math.exp(logp));
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double logSigmoid(double x) {
    return x > 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x));
  }
}
