package dev.graft.model;

import dev.graft.model.PendingLoss.PairMetrics;
import dev.graft.spec.Preference;
import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.Orpo;

/**
 * The mean loss of pairs, in double, from the log-probabilities of their completions.
 *
 * @param loss mean over the pairs; kernel {@code losses.preference} computes its derivatives
 */
record PreferenceLoss(double loss, PairMetrics metrics) {
  /**
   * One side of pairs.
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

  static PreferenceLoss of(Preference preference, Side chosen, Side rejected) {
    int pairs = chosen.logps().length;
    double loss = 0;
    PairMetrics metrics = PairMetrics.NONE;
    for (int i = 0; i < pairs; i++) {
      double each =
          switch (preference) {
            case Dpo dpo -> dpo(dpo, chosen, rejected, i);
            case Orpo orpo -> orpo(orpo.beta(), chosen, rejected, i);
          };
      loss += each / pairs;
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
    return new PreferenceLoss(loss, metrics);
  }

  private static double reward(Preference preference, Side side, int pair) {
    return switch (preference) {
      case Dpo dpo -> side.ratio(pair);
      case Orpo orpo -> side.mean(pair);
    };
  }

  private static double dpo(Dpo dpo, Side chosen, Side rejected, int i) {
    double beta = dpo.beta();
    double e = dpo.labelSmoothing();
    double x = beta * (chosen.ratio(i) - rejected.ratio(i));
    return switch (dpo.lossType()) {
      case SIGMOID -> -(1 - e) * logSigmoid(x) - e * logSigmoid(-x);
      case ROBUST -> (e * logSigmoid(-x) - (1 - e) * logSigmoid(x)) / (1 - 2 * e);
      case HINGE -> Math.max(0, 1 - x);
      case IPO -> {
        double off =
            chosen.ratio(i) / chosen.tokens()[i]
                - rejected.ratio(i) / rejected.tokens()[i]
                - 1 / (2 * beta);
        yield off * off;
      }
    };
  }

  /** Returns the odds-ratio part of the loss; the loss of the chosen text is computed elsewhere. */
  private static double orpo(double beta, Side chosen, Side rejected, int i) {
    double c = chosen.mean(i);
    double r = rejected.mean(i);
    return -beta * logSigmoid(c - r - logOther(c) + logOther(r));
  }

  /** log(1 - e^logp). */
  private static double logOther(double logp) {
    return logp > -Math.log(2) ? Math.log(-Math.expm1(logp)) : Math.log1p(-Math.exp(logp));
  }

  private static double logSigmoid(double x) {
    return x > 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x));
  }
}
