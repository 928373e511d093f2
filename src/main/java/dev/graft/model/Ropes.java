package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.kernels.BatchContext;
import dev.graft.weights.Rope;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tables of a model's rotary positions; none where it has no such positions. */
record Ropes(@Nullable RopeTable global, @Nullable RopeTable local) implements AutoCloseable {
  static Ropes of(Family family, DeviceMemory memory) {
    return new Ropes(table(family.rope(), memory), table(family.localRope(), memory));
  }

  private static @Nullable RopeTable table(@Nullable Rope rope, DeviceMemory memory) {
    return rope == null ? null : new RopeTable(rope, memory);
  }

  /**
   * Adds the rows of a batch's positions.
   *
   * @param known gets their places
   * @param positions place of the positions
   * @param longest largest position + 1
   */
  void add(Upload upload, Map<BatchContext, Integer> known, int positions, int longest) {
    if (global != null) {
      List<PtNDArray> tables = global.tables(longest);
      known.put(BatchContext.COS, upload.rows(tables.get(0), positions));
      known.put(BatchContext.SIN, upload.rows(tables.get(1), positions));
    }
    if (local != null) {
      List<PtNDArray> tables = local.tables(longest);
      known.put(BatchContext.LOCAL_COS, upload.rows(tables.get(0), positions));
      known.put(BatchContext.LOCAL_SIN, upload.rows(tables.get(1), positions));
    }
  }

  @Override
  public void close() {
    if (global != null) global.close();
    if (local != null) local.close();
  }
}
