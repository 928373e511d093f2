package dev.graft.model;

/**
 * SplitMix64 (Steele, Lea, Flood 2014), implemented here so that no library can change the sequence
 * of a seed.
 */
public final class SplitMix64 {
  private long state;

  /** Creates the sequence of a key; other keys give unrelated ones. */
  public SplitMix64(long... key) {
    for (long part : key) state = finish(state + 0x9E3779B97F4A7C15L + part);
  }

  public long next() {
    state += 0x9E3779B97F4A7C15L;
    return finish(state);
  }

  /** Returns a number uniform in 0..bound-1; the bias of the remainder is below bound / 2^63. */
  public int below(int bound) {
    return (int) ((next() >>> 1) % bound);
  }

  private static long finish(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
