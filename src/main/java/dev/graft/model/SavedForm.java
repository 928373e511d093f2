package dev.graft.model;

import dev.graft.weights.NamedTensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How what a method trained lies in files: by default under the names of the slots. */
interface SavedForm {
  /**
   * The tensors of PEFT's {@code adapter_model.safetensors}.
   *
   * @param trained values of the slots, of {@link Trainable#kept} and of what is computed, last
   */
  default List<NamedTensor> saved(List<NamedTensor> trained) {
    return trained;
  }

  /** These values from the tensors of a saved file: the inverse of {@link #saved}. */
  default List<NamedTensor> read(List<NamedTensor> saved) {
    return saved;
  }

  /**
   * The adapter in the form of a result, where it is not {@link #saved} under the method itself.
   *
   * @param values of the slots, of {@link Trainable#kept} and of {@link Trainable#remembered}
   */
  default @Nullable SavedResult converted(List<NamedTensor> values) {
    return null;
  }

  /**
   * Settings of {@code adapter_config.json} that training decided.
   *
   * @param kept values of {@link Trainable#kept}
   */
  default Map<String, Object> learnedSettings(List<NamedTensor> kept) {
    return Map.of();
  }
}
