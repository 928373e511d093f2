package dev.graft.spec;

import org.jspecify.annotations.Nullable;

/**
 * How to train; names are those of transformers' {@code TrainingArguments} and TRL's {@code
 * SFTConfig}.
 *
 * @param numTrainEpochs ignored when {@code maxSteps} > 0
 * @param perDeviceTrainBatchSize rows of a micro-batch
 * @param gradientAccumulationSteps micro-batches of an optimiser step
 * @param maxGradNorm global-norm clip; 0 = off
 * @param maxLength tokens of a row, longer ones are cut; null = the model's context
 * @param packingStrategy how rows share sequences of {@code maxLength}; null = they do not
 * @param padToMultipleOf tokens that the width of a micro-batch is a multiple of
 * @param warmupSteps optimiser steps; wins over {@code warmupRatio} when > 0
 * @param warmupRatio share of all optimiser steps, rounded up
 * @param saveSteps optimiser steps between checkpoints; 0 = only when asked
 * @param labelSmoothingFactor share of the loss that goes to the mean over the vocabulary
 * @param gradientCheckpointing activations are computed again on the way down: less memory
 * @param loraPlus rates of single factors; null = all train at {@code learningRate}
 * @param disableDropout the dropouts of the base are off, as TRL has it for preferences
 * @param neftuneNoiseAlpha size of the noise on embeddings in training; 0 = none
 * @param precision {@code bf16}
 */
public record Hyperparameters(
    double learningRate,
    LrScheduler lrScheduler,
    int warmupSteps,
    double warmupRatio,
    double numTrainEpochs,
    int maxSteps,
    int perDeviceTrainBatchSize,
    int gradientAccumulationSteps,
    double weightDecay,
    double adamBeta1,
    double adamBeta2,
    double adamEpsilon,
    double maxGradNorm,
    @Nullable Integer maxLength,
    TruncationMode truncationMode,
    @Nullable PackingStrategy packingStrategy,
    int padToMultipleOf,
    SamplingStrategy trainSamplingStrategy,
    boolean dataloaderDropLast,
    EvaluationOptions evaluation,
    int saveSteps,
    double labelSmoothingFactor,
    boolean gradientCheckpointing,
    boolean disableDropout,
    double neftuneNoiseAlpha,
    @Nullable LoraPlus loraPlus,
    Precision precision) {
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
