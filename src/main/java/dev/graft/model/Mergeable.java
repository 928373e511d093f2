package dev.graft.model;

import dev.graft.weights.NamedTensor;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What can become part of the base's weights, or of a plain LoRA. */
interface Mergeable {
  /** Why it cannot become part of the base's weights, as {@link #merged} makes them; null = can. */
  default @Nullable String unmergeable() {
    return null;
  }

  /**
   * Rows of a tensor of the base with what trained in them, where that can be merged.
   *
   * @param name of the base's tensor, such as {@code model.layers.0.self_attn.q_proj.weight}
   * @param rows all of them, unless {@link #mergesByRows}
   * @param trained values of the slots, by name
   */
  default float[] merged(String name, WeightRows rows, Map<String, NamedTensor> trained) {
    return rows.values();
  }

  /** Whether each row of the stored tensor can be merged without the others. */
  default boolean mergesByRows(String name) {
    return true;
  }

  /**
   * The same as updates of plain LoRA, for every adapted layer; empty if it has no such form.
   *
   * @param trained values of the slots and of what is kept, by name
   */
  default List<LowRankUpdate> plain(Map<String, NamedTensor> trained) {
    return List.of();
  }

  /** The numbers of a tensor that must be there. */
  static float[] floats(Map<String, NamedTensor> trained, String name) {
    return Objects.requireNonNull(trained.get(name), name).toFloats();
  }
}
