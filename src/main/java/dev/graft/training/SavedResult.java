package dev.graft.training;

import dev.graft.spec.AdapterMethod;
import dev.graft.weights.NamedTensor;
import java.util.List;

/**
 * What a result directory holds.
 *
 * @param method that its configuration names
 * @param tensors of its file, by PEFT's names
 */
public record SavedResult(AdapterMethod method, List<NamedTensor> tensors) {
  public SavedResult {
    tensors = List.copyOf(tensors);
  }
}
