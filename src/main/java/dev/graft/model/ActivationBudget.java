package dev.graft.model;

import java.util.Arrays;

/**
 * What the activations of a micro-batch take, in bytes a token, and what they may take. The
 * cheapest way that fits is then found for each micro-batch by itself.
 *
 * @param bytes of the device that activations may take; 0 = as few as can be
 * @param layers what each layer leaves for the way down, the first layer first; 0 where nothing
 *     trains at it or below
 * @param input of a layer, which is all that is left of one that is computed again
 * @param scores of attention, of a token for each query of a block
 * @param queryBlock queries of a block
 */
public record ActivationBudget(long bytes, long[] layers, long input, long scores, int queryBlock) {
  /** Values of a layer's width that are there beside layers: before the first, behind the last. */
  private static final int ENDS = 6;

  public ActivationBudget {
    layers = layers.clone();
  }

  @Override
  public long[] layers() {
    return layers.clone();
  }

  /** The same of other bytes. */
  public ActivationBudget of(long other) {
    return new ActivationBudget(other, layers, input, scores, queryBlock);
  }

  /** How many layers leave something. */
  public int kept() {
    return (int) Arrays.stream(layers).filter(each -> each > 0).count();
  }

  /**
   * What a micro-batch takes while it trains. Backward begins while all that is kept is there, and
   * works on one layer more; a layer that is computed again is there twice.
   *
   * @param tokens that are computed
   * @param longest tokens of a row
   * @param again how many of the layers that leave something are computed again, the first ones
   */
  public double trained(long tokens, int longest, int again) {
    int first = layers.length - kept();
    long whole = 0;
    for (int i = first + again; i < layers.length; i++) whole += layers[i];
    long most = Math.max(whole, again > 0 ? widest() : 0) + again * input + widest();
    return (double) tokens * most + around(tokens, longest);
  }

  /** The same without a way down. */
  public double inferred(long tokens, int longest) {
    return (double) tokens * widest() + around(tokens, longest);
  }

  private double around(long tokens, int longest) {
    return (double) tokens * (ENDS * input + scores * Math.min(queryBlock, longest));
  }

  private long widest() {
    return Arrays.stream(layers).max().orElse(0);
  }

  /** The fewest layers that must be computed again for it to fit; -1 if it does not even then. */
  public int again(long tokens, int longest) {
    for (int again = 0; again <= kept(); again++) {
      if (trained(tokens, longest, again) <= bytes) return again;
    }
    return -1;
  }
}
