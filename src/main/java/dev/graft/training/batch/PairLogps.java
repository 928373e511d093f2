package dev.graft.training.batch;

/**
 * Log-probabilities of the completions of pairs, in nats, each summed over its tokens.
 *
 * @param chosen one a pair
 * @param rejected as many
 */
public record PairLogps(double[] chosen, double[] rejected) {
  public PairLogps {
    if (chosen.length != rejected.length) {
      throw new IllegalArgumentException("a chosen text lacks its rejected one");
    }
  }
}
