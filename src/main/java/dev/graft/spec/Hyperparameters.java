package dev.graft.spec;

import org.jspecify.annotations.Nullable;

/**
 * How to train; names are those of transformers' {@code TrainingArguments} and TRL's {@code
 * SFTConfig}, whose settings are one flat object on the wire.
 *
 * @param loraPlus rates of single factors; null = all train at the learning rate
 * @param saveSteps optimiser steps between checkpoints; 0 = steps do not decide; null = epochs do
 * @param saveMinutes time between checkpoints, at most; 0 = time does not decide
 * @param precision {@code bf16}
 * @param autocast whether low-rank paths, too, have products in that precision
 * @param tf32 whether GPUs may multiply matrices of f32 in TensorFloat-32
 * @param guards what ends a run that goes wrong
 */
public record Hyperparameters(
    StepSchedule schedule,
    Optimizer optimizer,
    @Nullable LoraPlus loraPlus,
    RowLimits rows,
    Batching batching,
    Regularisation regularisation,
    EvaluationOptions evaluation,
    @Nullable Integer saveSteps,
    double saveMinutes,
    GradientCheckpointing gradientCheckpointing,
    Precision precision,
    boolean autocast,
    boolean tf32,
    StepGuards guards) {
  /**
   * What becomes of a step whose numbers are wrong.
   *
   * @param lossSpike whether a loss far above those before it ends the run
   * @param skipNonfinite whether a step with a loss or gradients that are no finite numbers is left
   *     out; otherwise it ends the run
   */
  public record StepGuards(boolean lossSpike, boolean skipNonfinite) {}

  /**
   * How many steps there are, and how large each is.
   *
   * @param warmupSteps optimiser steps; wins over {@code warmupRatio} when > 0
   * @param warmupRatio share of all optimiser steps, rounded up
   * @param numTrainEpochs ignored when {@code maxSteps} > 0
   */
  public record StepSchedule(
      double learningRate,
      LrScheduler lrScheduler,
      int warmupSteps,
      double warmupRatio,
      double numTrainEpochs,
      int maxSteps) {}

  /**
   * Which rows a step is made of.
   *
   * @param perDeviceTrainBatchSize rows of a micro-batch
   * @param gradientAccumulationSteps micro-batches of an optimiser step
   * @param padToMultipleOf tokens that the width of a micro-batch is a multiple of
   */
  public record Batching(
      int perDeviceTrainBatchSize,
      int gradientAccumulationSteps,
      int padToMultipleOf,
      SamplingStrategy trainSamplingStrategy,
      boolean dataloaderDropLast) {}

  /**
   * AdamW.
   *
   * @param maxGradNorm global-norm clip; 0 = off
   */
  public record Optimizer(
      double weightDecay,
      double adamBeta1,
      double adamBeta2,
      double adamEpsilon,
      double maxGradNorm) {}

  /**
   * How long rows are, and how they share sequences.
   *
   * @param maxLength tokens of a row, longer ones are cut; null = the model's context
   * @param packingStrategy how rows share sequences of {@code maxLength}; null = they do not
   */
  public record RowLimits(
      @Nullable Integer maxLength,
      TruncationMode truncationMode,
      @Nullable PackingStrategy packingStrategy) {}

  /**
   * What keeps a model from learning its rows by heart.
   *
   * @param labelSmoothingFactor share of the loss that goes to the mean over the vocabulary
   * @param disableDropout the dropouts of the base are off, as TRL has it for preferences
   * @param neftuneNoiseAlpha size of the noise on embeddings in training; 0 = none
   */
  public record Regularisation(
      double labelSmoothingFactor, boolean disableDropout, double neftuneNoiseAlpha) {
    /** No smoothing, no dropout of the base, no noise. */
    public static final Regularisation NONE = new Regularisation(0, true, 0);

    public Regularisation {
      if (!(labelSmoothingFactor >= 0 && labelSmoothingFactor < 1)) {
        throw new IllegalArgumentException("label_smoothing_factor not in [0, 1)");
      }
      if (!(neftuneNoiseAlpha >= 0)) {
        throw new IllegalArgumentException("neftune_noise_alpha must be >= 0");
      }
    }
  }

  /** What becomes of a row that is too long. */
  public enum TruncationMode {
    /** The first {@code max_length} tokens are kept; TRL's. */
    KEEP_START,
    /** The last {@code max_length} tokens are kept; TRL's. */
    KEEP_END,
    /** The answer and a leading system turn stay whole, the rest loses its oldest tokens. */
    SPLIT_BUDGET,
    /** The row is a problem of the file. */
    REFUSE
  }

  /** TRL's {@code packing_strategy}. */
  public enum PackingStrategy {
    /** Best fit, the longest row first; longer rows are cut. */
    BFD,
    /** The same, after longer rows were split. */
    BFD_SPLIT,
    /** All tokens end to end, cut every {@code max_length}; tokens see across rows. */
    WRAPPED
  }

  /** The order of the rows in an epoch; transformers' names. */
  public enum SamplingStrategy {
    RANDOM,
    SEQUENTIAL,
    GROUP_BY_LENGTH
  }
}
