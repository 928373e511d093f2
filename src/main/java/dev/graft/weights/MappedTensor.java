package dev.graft.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A tensor in a memory-mapped file; usable until its {@link Weights} or {@link SafetensorsFile} is
 * closed.
 *
 * @param data exactly the tensor's bytes: read-only, little-endian, row-major, perhaps unaligned
 */
public record MappedTensor(TensorInfo info, MemorySegment data) implements StoredWeight {

  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public String name() {
    return info.name();
  }

  public Dtype dtype() {
    return info.dtype();
  }

  public long[] shape() {
    return info.shape();
  }

  /** Returns the same bytes, usable while the file is open. */
  public NamedTensor named() {
    return new NamedTensor(name(), dtype(), shape(), TensorData.of(data));
  }

  /**
   * Returns the numbers in f32, usable while the file is open; each is widened when it is copied.
   *
   * @throws BadModel if they are not floating point
   */
  public NamedTensor widened() {
    return switch (dtype()) {
      case F32 -> named();
      case F64, F16, BF16 -> new NamedTensor(name(), Dtype.F32, shape(), new Widened(this));
      case I64, I32, I8, U8, BOOL -> throw notFloating();
    };
  }

  /**
   * Returns the numbers as F32, F16, BF16 or their own type.
   *
   * @throws BadModel if they are not floating point
   */
  public TensorData data(Dtype as) {
    return as == dtype() ? named().data() : Dtype.narrow(widened().data(), as);
  }

  private record Widened(MappedTensor of) implements TensorData {
    private static final int PIECE = 1 << 16;

    @Override
    public long byteSize() {
      return of.info().elements() * Float.BYTES;
    }

    @Override
    public void copyTo(long from, MemorySegment into) {
      long count = into.byteSize() / Float.BYTES;
      for (long at = 0; at < count; at += PIECE) {
        float[] piece = new float[(int) Math.min(PIECE, count - at)];
        of.copyTo(piece, from / Float.BYTES + at);
        MemorySegment numbers = MemorySegment.ofArray(piece);
        MemorySegment.copy(numbers, 0, into, at * Float.BYTES, numbers.byteSize());
      }
    }
  }

  /** Returns all elements, which must be floating point, as f32. */
  @Override
  public float[] toFloats() {
    long count = info.elements();
    if (count > Integer.MAX_VALUE - 8) throw new BadModel("tensor " + name() + " is too large");
    float[] out = new float[(int) count];
    copyTo(out, 0);
    return out;
  }

  /** Returns a transposed copy of a matrix. */
  public MappedTensor transposed() {
    int rows = Math.toIntExact(shape()[0]);
    int columns = Math.toIntExact(shape()[1]);
    int size = dtype().bytes();
    MemorySegment turned = MemorySegment.ofArray(new byte[Math.toIntExact(info.bytes())]);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        long from = ((long) r * columns + c) * size;
        MemorySegment.copy(data, from, turned, ((long) c * rows + r) * size, size);
      }
    }
    return new MappedTensor(new TensorInfo(name(), dtype(), new long[] {columns, rows}), turned);
  }

  /** Copies elements {@code from .. from + out.length} as f32, for large tensors in pieces. */
  public void copyTo(float[] out, long from) {
    switch (dtype()) {
      case F32 -> MemorySegment.copy(data, TensorData.FLOAT, 4 * from, out, 0, out.length);
      case BF16 -> {
        for (int i = 0; i < out.length; i++) {
          out[i] = Float.intBitsToFloat(data.get(TensorData.SHORT, 2 * (from + i)) << 16);
        }
      }
      case F16 -> {
        for (int i = 0; i < out.length; i++) {
          out[i] = Float.float16ToFloat(data.get(TensorData.SHORT, 2 * (from + i)));
        }
      }
      case F64 -> {
        for (int i = 0; i < out.length; i++) out[i] = (float) data.get(DOUBLE, 8 * (from + i));
      }
      case I64, I32, I8, U8, BOOL -> throw notFloating();
    }
  }

  private BadModel notFloating() {
    return new BadModel("tensor " + name() + " is " + dtype() + ", not floating point");
  }
}
