package dev.graft.model;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Settings of how a step is computed. All plans give the same numbers up to rounding and differ in
 * memory and speed.
 *
 * @param lossChunk rows whose logits exist at a time; 0 = 2,048, or the number that fits into 64
 *     MiB with the whole vocabulary where the output matrix trains
 * @param lossTile words of the vocabulary whose logits exist at a time
 * @param queryBlock queries whose attention scores are computed at a time; twice as many in half
 *     precision, in which that is as much memory
 * @param sharedPrefix minimum tokens of a common prefix of several rows that is computed once; 0 =
 *     never
 * @param leastLane minimum tokens of a lane, a part of a micro-batch that its own thread computes
 *     on a CPU; 0 = no lanes
 * @param turnedWeights whether a CPU holds a transposed copy of weights where that makes products
 *     faster
 * @param budget memory that decides which activations are kept and how many rows are computed at a
 *     time; null = by {@code kind}, and all rows
 * @param attention kernel that computes attention, where the model allows it; null = the fastest of
 *     the device
 */
public record ComputePlan(
    Kind kind,
    int lossChunk,
    int lossTile,
    int queryBlock,
    int sharedPrefix,
    int leastLane,
    boolean turnedWeights,
    @Nullable ActivationBudget budget,
    @Nullable Attention attention) {
  /** Size with the fastest product, because the tile stays in the cache. */
  public static final int LOSS_TILE = 4096;

  /** Maximum lanes between the tokens of a row; each holds the keys of the earlier ones. */
  public static final int MOST_STRETCHES = 4;

  /** Fast, for models whose activations fit. */
  public static final ComputePlan KEEP = new ComputePlan(Kind.KEEP);

  private static final long LOGITS = 16L << 20;
  private static final int ROWS = 2048;

  /** Shorter common prefixes are not worth a branch. */
  private static final int SHARED_PREFIX = 16;

  /** Products of fewer rows are bound by reading their weights. */
  private static final int LEAST_LANE = 128;

  /** The activations that forward keeps for backward. */
  public enum Kind {
    /** Keeps the activations of every layer. */
    KEEP,
    /** Keeps only the input of each layer, which backward recomputes. */
    RECOMPUTE,
    /** Computes backward by autograd over the plain definitions, to check the other two. */
    AUTOGRAD
  }

  /** The kernel of attention. On a CPU a slow twin with the same result replaces the last two. */
  public enum Attention {
    /** A block of queries at a time, on every device. */
    CHUNKS,
    /** FlashAttention 2. */
    FLASH,
    /** The memory-efficient kernel of f32 and of older GPUs. */
    EFFICIENT
  }

  public ComputePlan {
    if (lossChunk < 0) throw new IllegalArgumentException("loss chunk must be >= 0");
    if (lossTile < 1) throw new IllegalArgumentException("loss tile must be >= 1");
    if (queryBlock < 1) throw new IllegalArgumentException("query block must be >= 1");
    if (sharedPrefix < 0) throw new IllegalArgumentException("shared prefix must be >= 0");
    if (leastLane < 0) throw new IllegalArgumentException("least lane must be >= 0");
  }

  public ComputePlan(Kind kind) {
    this(kind, 0, 64);
  }

  public ComputePlan(Kind kind, int lossChunk, int queryBlock) {
    this(kind, lossChunk, LOSS_TILE, queryBlock, SHARED_PREFIX);
  }

  public ComputePlan(Kind kind, int lossChunk, int lossTile, int queryBlock, int sharedPrefix) {
    this(kind, lossChunk, lossTile, queryBlock, sharedPrefix, LEAST_LANE, true, null, null);
  }

  /** Returns the number of queries whose scores are computed at a time. */
  public int queries(boolean half) {
    return half ? 2 * queryBlock : queryBlock;
  }

  /** Returns the same plan with a certain attention kernel. */
  public ComputePlan attending(@Nullable Attention kernel) {
    return with(kind, leastLane, turnedWeights, budget, kernel);
  }

  /** Returns the same plan with other minimum tokens of a lane. */
  public ComputePlan inLanes(int tokens) {
    return with(kind, tokens, turnedWeights, budget, attention);
  }

  /** Returns the same plan with or without transposed copies of weights. */
  public ComputePlan turningWeights(boolean turned) {
    return with(kind, leastLane, turned, budget, attention);
  }

  /** Returns the plan within a memory budget of activations. */
  public ComputePlan within(ActivationBudget activations) {
    return with(Kind.KEEP, leastLane, turnedWeights, activations, attention);
  }

  private ComputePlan with(
      Kind how,
      int least,
      boolean turned,
      @Nullable ActivationBudget activations,
      @Nullable Attention kernel) {
    return new ComputePlan(
        how, lossChunk, lossTile, queryBlock, sharedPrefix, least, turned, activations, kernel);
  }

  /**
   * Returns the number of rows whose logits exist at a time.
   *
   * @param kept whether logits of the whole vocabulary are kept
   */
  public int lossChunk(int vocabulary, boolean kept) {
    if (lossChunk > 0) return lossChunk;
    if (!kept) return ROWS;
    return (int) Math.clamp(LOGITS / vocabulary, 128, 8192);
  }

  /**
   * The memory of the activations of a micro-batch, in bytes per token, and its limit. The cheapest
   * division that fits is chosen for each micro-batch.
   *
   * @param bytes of the device that activations may take; 0 = the minimum
   * @param layers activations of each layer that backward needs, the first layer first; 0 where
   *     nothing trains in it or below
   * @param input of a layer, the only activation that a recomputed layer keeps
   * @param scores of attention, of a token for each query of a block
   * @param queryBlock queries of a block
   */
  public record ActivationBudget(
      long bytes, long[] layers, long input, long scores, int queryBlock) {
    /** Values of a layer's width outside the layers: before the first and after the last. */
    private static final int ENDS = 6;

    public ActivationBudget {
      layers = layers.clone();
    }

    @Override
    public long[] layers() {
      return layers.clone();
    }

    /** Returns the same budget with another limit. */
    public ActivationBudget of(long other) {
      return new ActivationBudget(other, layers, input, scores, queryBlock);
    }

    /** Returns the number of layers with activations for backward. */
    public int kept() {
      return (int) Arrays.stream(layers).filter(each -> each > 0).count();
    }

    /**
     * Returns the memory of a micro-batch in training. Backward starts while all kept activations
     * exist, and works on one layer more; a recomputed layer exists twice.
     *
     * @param tokens computed tokens
     * @param longest tokens of a row
     * @param again how many of the layers with activations are recomputed, the first ones
     */
    public double trained(long tokens, int longest, int again) {
      int first = layers.length - kept();
      long whole = 0;
      for (int i = first + again; i < layers.length; i++) whole += layers[i];
      long most = Math.max(whole, again > 0 ? widest() : 0) + again * input + widest();
      return (double) tokens * most + around(tokens, longest);
    }

    /** Returns the memory of a micro-batch in inference. */
    public double inferred(long tokens, int longest) {
      return (double) tokens * widest() + around(tokens, longest);
    }

    private double around(long tokens, int longest) {
      return (double) tokens * (ENDS * input + scores * Math.min(queryBlock, longest));
    }

    private long widest() {
      return Arrays.stream(layers).max().orElse(0);
    }

    /** Returns the minimum number of layers to recompute so that it fits; -1 if it never fits. */
    public int again(long tokens, int longest) {
      for (int again = 0; again <= kept(); again++) {
        if (trained(tokens, longest, again) <= bytes) return again;
      }
      return -1;
    }
  }
}
