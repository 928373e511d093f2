package dev.graft.training;

/**
 * How a step is computed. Every plan gives the same numbers up to rounding; they differ in memory
 * and speed.
 *
 * @param lossChunk rows whose logits exist at a time; 0 = as many as fit 64 MiB
 * @param queryBlock queries whose attention scores are computed at a time
 * @param sharedPrefix least tokens of a beginning that several rows have in common for it to be
 *     computed once; 0 = never
 */
public record ComputePlan(Kind kind, int lossChunk, int queryBlock, int sharedPrefix) {
  /** Fast, for models whose activations fit. */
  public static final ComputePlan KEEP = new ComputePlan(Kind.KEEP);

  private static final long LOGITS = 16L << 20;

  /** Shorter beginnings are not worth a branch. */
  private static final int SHARED_PREFIX = 16;

  /** What is kept from forward for backward. */
  public enum Kind {
    /** What backward needs of every layer is kept from forward. */
    KEEP,
    /** Only the input of each layer is kept, the layer is computed again in backward. */
    RECOMPUTE,
    /** Backward by autograd over the plain definitions: the check of the other two. */
    AUTOGRAD
  }

  public ComputePlan {
    if (lossChunk < 0) throw new IllegalArgumentException("loss chunk must be >= 0");
    if (queryBlock < 1) throw new IllegalArgumentException("query block must be >= 1");
    if (sharedPrefix < 0) throw new IllegalArgumentException("shared prefix must be >= 0");
  }

  public ComputePlan(Kind kind) {
    this(kind, 0, 128);
  }

  public ComputePlan(Kind kind, int lossChunk, int queryBlock) {
    this(kind, lossChunk, queryBlock, SHARED_PREFIX);
  }

  /** Rows whose logits exist at a time. */
  public int lossChunk(int vocabulary) {
    if (lossChunk > 0) return lossChunk;
    return (int) Math.clamp(LOGITS / vocabulary, 128, 8192);
  }
}
