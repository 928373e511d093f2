package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Arrays of the host that go to the device in one copy, which the host does not wait for. What is
 * added has its place in the list that {@link #send} gives.
 */
final class Upload {
  /** Elements of 8 bytes to whose multiples an array begins: a cache line. */
  private static final int ALIGNMENT = 8;

  private static final int I32 = 3;
  private static final int I64 = 4;
  private static final int F32 = 6;
  private static final int F64 = 7;

  /** What stands for an element type where rows of a table are taken. */
  private static final int ROWS = -1;

  private final List<Part> parts = new ArrayList<>();
  private final List<PtNDArray> tables = new ArrayList<>();
  private long size;

  private sealed interface Part {
    /** As kernel {@code model.upload} reads it. */
    LongStream layout();
  }

  /**
   * @param at first of the 8-byte elements that are its
   */
  private record Numbers(Object values, long at, int kind, long[] shape) implements Part {
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

    @Override
    public LongStream layout() {
      return LongStream.concat(LongStream.of(at, kind, shape.length), LongStream.of(shape));
    }
  }

  private record RowsOf(int table, int which) implements Part {
    @Override
    public LongStream layout() {
      return LongStream.of(which, ROWS, table);
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
    parts.add(new Numbers(values, size, kind, shape));
    size += Math.ceilDiv(elements, ALIGNMENT) * (long) ALIGNMENT;
    return parts.size() - 1;
  }

  /**
   * Rows of a table that the device has.
   *
   * @param which place of the numbers of the rows, added before in i64
   */
  public int rows(PtNDArray table, int which) {
    tables.add(table);
    parts.add(new RowsOf(tables.size() - 1, which));
    return parts.size() - 1;
  }

  /**
   * @param scope gets the tensors
   */
  public List<PtNDArray> send(DeviceMemory memory, PtNDManager scope) {
    long[] layout = parts.stream().flatMapToLong(Part::layout).toArray();
    return memory.upload(scope, size, this::write, layout, tables.toArray(PtNDArray[]::new));
  }

  private void write(MemorySegment into) {
    for (Part each : parts) if (each instanceof Numbers numbers) numbers.write(into);
  }
}
