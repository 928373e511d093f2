package dev.graft.model;

import dev.graft.weights.ModelConfig;
import java.util.Arrays;

/**
 * A tensor that trains.
 *
 * @param name Hugging Face module path and PEFT's suffix, such as {@code
 *     model.layers.0.self_attn.q_proj.lora_A.weight}
 * @param layerNorm belongs to an {@code nn.LayerNorm}, which transformers' Trainer does not decay
 */
public record Slot(String name, long[] shape, boolean layerNorm) {
  public Slot(String name, long... shape) {
    this(name, shape, false);
  }

  /** Returns the slot of a parameter of the base. */
  public static Slot of(ModelConfig.Parameter parameter) {
    return new Slot(
        parameter.name(), parameter.shape(), parameter.kind() == ModelConfig.Kind.LAYER_NORM);
  }

  /** Returns the number of scalars. */
  public long size() {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }
}
