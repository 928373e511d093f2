package dev.graft.spec;

import org.jspecify.annotations.Nullable;

/**
 * Prefix tuning (Li and Liang 2021): keys and values of virtual tokens in every layer train.
 *
 * @param prefixProjection they are computed by two linear layers; only the result is saved
 * @param encoderHiddenSize width between the two; null = the features of a layer's keys
 * @param initZero PEFT's {@code init_weights: "zero"}: keys and values start at zero, not at random
 */
public record PrefixTuning(
    int numVirtualTokens,
    boolean prefixProjection,
    @Nullable Integer encoderHiddenSize,
    boolean initZero)
    implements AdapterMethod.Prompted {
  public PrefixTuning {
    PromptTuning.requireCount(numVirtualTokens);
    if (encoderHiddenSize != null && encoderHiddenSize < 1) {
      throw new IllegalArgumentException("encoder_hidden_size must be >= 1");
    }
  }
}
