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
 * @param warmupSteps optimiser steps; wins over {@code warmupRatio} when > 0
 * @param warmupRatio share of all optimiser steps, rounded up
 * @param evalSteps optimiser steps between evaluations on the validation file; 0 = only at the end
 * @param saveSteps optimiser steps between checkpoints; 0 = only when asked
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
    SamplingStrategy trainSamplingStrategy,
    boolean dataloaderDropLast,
    int evalSteps,
    int saveSteps) {
  /** The order of the rows in an epoch; transformers' names. */
  public enum SamplingStrategy {
    RANDOM,
    SEQUENTIAL,
    GROUP_BY_LENGTH
  }
}
