package dev.graft.model;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How a step is computed. Every plan gives the same numbers up to rounding; they differ in memory
 * and speed.
 *
 * @param lossChunk rows whose logits exist at a time; 0 = 2,048, or as many as fit 64 MiB with all
 *     of the vocabulary where the output matrix trains
 * @param lossTile words of the vocabulary whose logits exist at a time
 * @param queryBlock queries whose attention scores are computed at a time; twice as many in half
 *     precision, in which that is as much memory
 * @param sharedPrefix least tokens of a beginning that several rows have in common for it to be
 *     computed once; 0 = never
 * @param leastLane least tokens of a lane, which a thread of its own computes beside others of a
 *     micro-batch, on a CPU; 0 = there are no lanes
 * @param turnedWeights whether weights lie on a CPU a second time, turned, where that makes
 *     products faster
 * @param budget where it decides what is kept and how many rows are computed at a time; null = what
 *     {@code kind} says, and all of them
 * @param attention what computes it, where the model allows that; null = the fastest of the device
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
  /** The product is fastest with so many: they stay in the cache. */
  public static final int LOSS_TILE = 4096;

  /** Lanes that are cut between the tokens of a row; each holds the keys of those before it. */
  public static final int MOST_STRETCHES = 4;

  /** Fast, for models whose activations fit. */
  public static final ComputePlan KEEP = new ComputePlan(Kind.KEEP);

  private static final long LOGITS = 16L << 20;
  private static final int ROWS = 2048;

  /** Shorter beginnings are not worth a branch. */
  private static final int SHARED_PREFIX = 16;

  /** Products of fewer rows read their weights more than they multiply. */
  private static final int LEAST_LANE = 128;

  /** What is kept from forward for backward. */
  public enum Kind {
    /** What backward needs of every layer is kept from forward. */
    KEEP,
    /** Only the input of each layer is kept, the layer is computed again in backward. */
    RECOMPUTE,
    /** Backward by autograd over the plain definitions: the check of the other two. */
    AUTOGRAD
  }

  /** What computes attention. On a CPU a twin stands for the last two: the same result, slowly. */
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

  /** Queries whose scores are computed at a time, in half precision or not. */
  public int queries(boolean half) {
    return half ? 2 * queryBlock : queryBlock;
  }

  /** The same with attention by a kernel of one's choice. */
  public ComputePlan attending(@Nullable Attention kernel) {
    return with(kind, leastLane, turnedWeights, budget, kernel);
  }

  /** The same with other least tokens of a lane. */
  public ComputePlan inLanes(int tokens) {
    return with(kind, tokens, turnedWeights, budget, attention);
  }

  /** The same with weights that lie there once, or twice. */
  public ComputePlan turningWeights(boolean turned) {
    return with(kind, leastLane, turned, budget, attention);
  }

  /** What is kept, and how much is computed at a time, as activations fit. */
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
   * Rows whose logits exist at a time.
   *
   * @param kept whether logits of all the vocabulary are kept
   */
  public int lossChunk(int vocabulary, boolean kept) {
    if (lossChunk > 0) return lossChunk;
    if (!kept) return ROWS;
    return (int) Math.clamp(LOGITS / vocabulary, 128, 8192);
  }

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
  public record ActivationBudget(
      long bytes, long[] layers, long input, long scores, int queryBlock) {
    /**
     * Values of a layer's width that are there beside layers: before the first, behind the last.
     */
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
     * What a micro-batch takes while it trains. Backward begins while all that is kept is there,
     * and works on one layer more; a layer that is computed again is there twice.
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
}
