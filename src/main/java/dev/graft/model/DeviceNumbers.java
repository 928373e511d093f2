package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;

/** The numbers of a tensor as f32, as they are when they are copied. */
record DeviceNumbers(DeviceMemory memory, PtNDArray tensor) implements TensorData {
  @Override
  public long byteSize() {
    return tensor.getShape().size() * Float.BYTES;
  }

  @Override
  public void copyTo(long from, MemorySegment into) {
    memory.read(tensor, from, into);
  }
}
