package dev.graft.spec;

import org.jspecify.annotations.Nullable;

/**
 * P-tuning (Liu et al. 2021): an encoder computes the rows of the virtual tokens; only its output
 * is saved.
 *
 * @param encoderHiddenSize null = that of the base
 * @param encoderNumLayers of the LSTM; the MLP always has three linear layers
 */
public record PTuning(
    int numVirtualTokens,
    Encoder encoderReparameterizationType,
    @Nullable Integer encoderHiddenSize,
    int encoderNumLayers)
    implements AdapterMethod.Prompted {
  /** PEFT's names. */
  public enum Encoder {
    MLP,
    LSTM
  }

  public PTuning {
    PromptTuning.requireCount(numVirtualTokens);
    if (encoderHiddenSize != null && encoderHiddenSize < 1) {
      throw new IllegalArgumentException("encoder_hidden_size must be >= 1");
    }
    if (encoderNumLayers < 1 || encoderNumLayers > 16) {
      throw new IllegalArgumentException("encoder_num_layers must be 1..16");
    }
  }
}
