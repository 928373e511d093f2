package dev.graft.training;

import dev.graft.model.Tuner.WeightRows;
import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;
import java.util.function.UnaryOperator;

/**
 * A weight in f32 whose rows are merged when they are copied, some at a time: a token table alone
 * may be more than a heap holds.
 */
final class MergedRows implements TensorData {
  /** Bytes of rows that are merged together, where the method allows it. */
  private static final long BLOCK = 4L * TensorData.SLICE;

  /** A multiple of most heads: who takes their rows in another order makes no block twice. */
  private static final int HEAD = 256;

  private final TensorData stored;
  private final UnaryOperator<WeightRows> merge;
  private final long width;
  private final long height;
  private MemorySegment block = MemorySegment.NULL;
  private long start;

  /**
   * @param stored f32
   * @param byRows whether some rows can be merged without the others
   */
  MergedRows(TensorData stored, long[] shape, boolean byRows, UnaryOperator<WeightRows> merge) {
    this.stored = stored;
    this.merge = merge;
    long size = stored.byteSize();
    width = shape.length > 1 ? Math.max(1, size / Math.max(1, shape[0])) : Math.max(1, size);
    long rows = byRows ? BLOCK / width : size / width;
    height = Math.max(1, byRows && rows > HEAD ? rows - rows % HEAD : rows);
  }

  @Override
  public long byteSize() {
    return stored.byteSize();
  }

  @Override
  public void copyTo(long from, MemorySegment into) {
    for (long at = 0; at < into.byteSize(); ) {
      long place = from + at;
      if (place < start || place >= start + block.byteSize()) make(place / (width * height));
      long length = Math.min(into.byteSize() - at, start + block.byteSize() - place);
      MemorySegment.copy(block, place - start, into, at, length);
      at += length;
    }
  }

  private void make(long number) {
    start = number * width * height;
    long bytes = Math.min(width * height, byteSize() - start);
    float[] values = new float[Math.toIntExact(bytes / Float.BYTES)];
    stored.copyTo(start, MemorySegment.ofArray(values));
    int first = Math.toIntExact(start / width);
    block = MemorySegment.ofArray(merge.apply(new WeightRows(values, first)).values());
  }
}
