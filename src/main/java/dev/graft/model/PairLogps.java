package dev.graft.model;

import java.util.Arrays;
import java.util.stream.DoubleStream;

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

  /** Of some of the pairs. */
  public PairLogps part(int from, int to) {
    return new PairLogps(
        Arrays.copyOfRange(chosen, from, to), Arrays.copyOfRange(rejected, from, to));
  }

  /** Of these pairs, then others. */
  public PairLogps then(PairLogps others) {
    return new PairLogps(joined(chosen, others.chosen), joined(rejected, others.rejected));
  }

  private static double[] joined(double[] first, double[] second) {
    return DoubleStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
  }
}
