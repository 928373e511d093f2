package dev.graft.spec;

import org.jspecify.annotations.Nullable;

/**
 * How the learning rate runs over the steps: transformers' {@code lr_scheduler_type} with its
 * {@code lr_scheduler_kwargs}; names and defaults are those of {@code transformers.optimization}.
 * Only those are here that are a pure function of the step.
 */
public sealed interface LrScheduler {
  record Linear() implements LrScheduler {}

  /**
   * @param numCycles waves; 0.5 = down once
   */
  record Cosine(double numCycles) implements LrScheduler {
    public static final double DEFAULT_NUM_CYCLES = 0.5;

    public Cosine() {
      this(DEFAULT_NUM_CYCLES);
    }
  }

  /**
   * @param numCycles falls from the full rate to 0
   */
  record CosineWithRestarts(int numCycles) implements LrScheduler {}

  /**
   * @param lrEnd the last rate, below the learning rate
   */
  record Polynomial(double lrEnd, double power) implements LrScheduler {}

  record Constant() implements LrScheduler {}

  record ConstantWithWarmup() implements LrScheduler {}

  /**
   * @param timescale null = the warm-up's steps, or 10,000 without one
   */
  record InverseSqrt(@Nullable Integer timescale) implements LrScheduler {}

  /** The least rate is {@code floor}. */
  record CosineWithMinLr(Floor floor, double numCycles) implements LrScheduler {}

  /**
   * As {@link CosineWithMinLr}, one step ahead.
   *
   * @param warmupLrRate share of the rate that the warm-up begins with; null = one step's part
   */
  record CosineWarmupWithMinLr(Floor floor, double numCycles, @Nullable Double warmupLrRate)
      implements LrScheduler {}

  /**
   * @param numStableSteps null = what warm-up and decay leave
   * @param minLrRatio share of the rate that warm-up begins and decay ends with
   */
  record WarmupStableDecay(
      int numDecaySteps,
      @Nullable Integer numStableSteps,
      Shape warmupType,
      Shape decayType,
      double minLrRatio,
      double numCycles)
      implements LrScheduler {}

  /** The least learning rate. */
  sealed interface Floor {
    /** {@code min_lr}. */
    record Rate(double minLr) implements Floor {}

    /** {@code min_lr_rate}: a share of the learning rate. */
    record Share(double minLrRate) implements Floor {}
  }

  /** How a stretch of {@link WarmupStableDecay} runs. */
  enum Shape {
    LINEAR("linear"),
    COSINE("cosine"),
    ONE_MINUS_SQRT("1-sqrt");

    private final String wireName;

    Shape(String wireName) {
      this.wireName = wireName;
    }

    public String wireName() {
      return wireName;
    }
  }

  /** The {@code lr_scheduler_type}. */
  default String type() {
    return switch (this) {
      case Linear s -> "linear";
      case Cosine s -> "cosine";
      case CosineWithRestarts s -> "cosine_with_restarts";
      case Polynomial s -> "polynomial";
      case Constant s -> "constant";
      case ConstantWithWarmup s -> "constant_with_warmup";
      case InverseSqrt s -> "inverse_sqrt";
      case CosineWithMinLr s -> "cosine_with_min_lr";
      case CosineWarmupWithMinLr s -> "cosine_warmup_with_min_lr";
      case WarmupStableDecay s -> "warmup_stable_decay";
    };
  }
}
