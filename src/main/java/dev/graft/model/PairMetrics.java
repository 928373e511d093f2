package dev.graft.model;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What TRL's trainers report of pairs, as sums over them. A reward is beta times the log-ratio of
 * model and reference; with ORPO beta times the mean log-probability of a token.
 *
 * @param accurate pairs whose chosen side has the larger reward
 * @param nll mean loss of the chosen text times pairs; ORPO only, else 0
 * @param chosenTokens of completions
 * @param rejectedTokens of completions
 */
public record PairMetrics(
    long pairs,
    double chosenRewards,
    double rejectedRewards,
    long accurate,
    double chosenLogps,
    double rejectedLogps,
    double nll,
    long chosenTokens,
    long rejectedTokens) {
  public static final PairMetrics NONE = new PairMetrics(0, 0, 0, 0, 0, 0, 0, 0, 0);

  public PairMetrics plus(PairMetrics other) {
    return new PairMetrics(
        pairs + other.pairs,
        chosenRewards + other.chosenRewards,
        rejectedRewards + other.rejectedRewards,
        accurate + other.accurate,
        chosenLogps + other.chosenLogps,
        rejectedLogps + other.rejectedLogps,
        nll + other.nll,
        chosenTokens + other.chosenTokens,
        rejectedTokens + other.rejectedTokens);
  }

  /** Means over the pairs by TRL's names; empty if there are no pairs. */
  public Map<String, Double> named() {
    Map<String, Double> named = new LinkedHashMap<>();
    if (pairs == 0) return named;
    named.put("rewards/chosen", chosenRewards / pairs);
    named.put("rewards/rejected", rejectedRewards / pairs);
    named.put("rewards/accuracies", (double) accurate / pairs);
    named.put("rewards/margins", (chosenRewards - rejectedRewards) / pairs);
    named.put("logps/chosen", chosenLogps / pairs);
    named.put("logps/rejected", rejectedLogps / pairs);
    if (nll != 0) named.put("nll_loss", nll / pairs);
    return named;
  }
}
