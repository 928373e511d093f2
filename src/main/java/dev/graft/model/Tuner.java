package dev.graft.model;

import dev.graft.spec.AdaLora.RankAllocation;
import dev.graft.weights.NamedTensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a method adds to a base model: what trains, how it is saved, what becomes of it. */
public interface Tuner extends Trainable, SavedForm, Mergeable {
  /** The tensor computed from slots, if there is one. */
  default @Nullable Computed computed() {
    return null;
  }

  /** Tensors of layers that are parts of a slot or of what is computed. */
  default List<ColumnSlice> columns() {
    return List.of();
  }

  /** Modules whose ranks are allocated while training, and how; null = none. */
  default @Nullable Allocated allocated() {
    return null;
  }

  /**
   * @param modules among which the ranks are allocated
   */
  record Allocated(RankAllocation settings, List<RankTensors> modules) {}

  /** A copy of the base's tensor that trained takes its place. */
  @Override
  default float[] merged(String name, WeightRows rows, Map<String, NamedTensor> trained) {
    NamedTensor copy = trained.get(name);
    if (copy != null) {
      long row = copy.data().byteSize() / copy.shape()[0];
      copy.data().copyTo(rows.first() * row, MemorySegment.ofArray(rows.values()));
    }
    return rows.values();
  }

  /** The same of a whole tensor. */
  default float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    return merged(name, WeightRows.whole(stored), trained);
  }
}
