package dev.graft.training.model.device;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Arrays of the host that go to the device in one copy, which the host does not wait for. What is
 * added has its place in the list that {@link #send} gives.
 */
public final class Upload {
  /** Elements of 8 bytes to whose multiples an array begins: a cache line. */
  private static final int ALIGNMENT = 8;

  private static final int I32 = 3;
  private static final int I64 = 4;
  private static final int F32 = 6;
  private static final int F64 = 7;

  private final List<Part> parts = new ArrayList<>();
  private long size;

  /**
   * @param at first of the 8-byte elements that are its
   */
  private record Part(Object values, long at, int kind, long[] shape) {
    void write(MemorySegment into) {
      MemorySegment from =
          switch (values) {
            case long[] longs -> MemorySegment.ofArray(longs);
            case int[] ints -> MemorySegment.ofArray(ints);
            case double[] doubles -> MemorySegment.ofArray(doubles);
            default -> MemorySegment.ofArray((float[]) values);
          };
      MemorySegment.copy(from, 0, into, at * Long.BYTES, from.byteSize());
    }
  }

  public int add(long[] values, long... shape) {
    return add(values, values.length, I64, shape);
  }

  /** In i32. */
  public int add(int[] values, long... shape) {
    return add(values, Math.ceilDiv(values.length, 2), I32, shape);
  }

  /** In f32. */
  public int add(float[] values, long... shape) {
    return add(values, Math.ceilDiv(values.length, 2), F32, shape);
  }

  /** In f64. */
  public int add(double[] values, long... shape) {
    return add(values, values.length, F64, shape);
  }

  private int add(Object values, int elements, int kind, long... shape) {
    parts.add(new Part(values, size, kind, shape));
    size += Math.ceilDiv(elements, ALIGNMENT) * (long) ALIGNMENT;
    return parts.size() - 1;
  }

  /**
   * @param scope gets the tensors
   */
  public List<PtNDArray> send(DeviceMemory memory, PtNDManager scope) {
    return memory.upload(scope, size, this::write, layout());
  }

  private void write(MemorySegment into) {
    for (Part each : parts) each.write(into);
  }

  /** As kernel {@code model.upload} reads it. */
  private long[] layout() {
    List<Long> layout = new ArrayList<>();
    for (Part each : parts) {
      layout.add(each.at());
      layout.add((long) each.kind());
      layout.add((long) each.shape().length);
      for (long dimension : each.shape()) layout.add(dimension);
    }
    return layout.stream().mapToLong(each -> each).toArray();
  }
}
