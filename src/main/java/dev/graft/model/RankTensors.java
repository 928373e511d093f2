package dev.graft.model;

import dev.graft.weights.NamedTensor;
import java.util.List;

/**
 * The tensors of one module whose ranks are allocated.
 *
 * @param module path of the linear layer
 */
record RankTensors(String module) {
  /** The tensors that train. */
  public List<String> names() {
    return List.of(a(), b(), e());
  }

  /** (rank, in). */
  public String a() {
    return module + ".lora_A.weight";
  }

  /** (out, rank). */
  public String b() {
    return module + ".lora_B.weight";
  }

  /** (rank, 1): the factor of each rank. */
  public String e() {
    return module + ".lora_E";
  }

  /** (rank): 1 where the rank stays, 0 where it is masked. */
  public String pattern() {
    return module + ".rank_pattern";
  }

  /** A {@link #pattern} that takes nothing away. */
  public NamedTensor unmasked(int rank) {
    return Starts.constant(new Slot(pattern(), rank), 1);
  }
}
