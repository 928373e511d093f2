package dev.graft.weights.gguf;

import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;

/**
 * The rows of a tensor in another order.
 *
 * @param from for each row, which of {@code data} it is
 */
record OrderedRows(TensorData data, int[] from) implements TensorData {
  @Override
  public long byteSize() {
    return data.byteSize();
  }

  @Override
  public void copyTo(long begin, MemorySegment into) {
    long row = byteSize() / from.length;
    for (long done = 0; done < into.byteSize(); ) {
      long at = begin + done;
      long length = Math.min(row - at % row, into.byteSize() - done);
      data.copyTo(from[(int) (at / row)] * row + at % row, into.asSlice(done, length));
      done += length;
    }
  }
}
