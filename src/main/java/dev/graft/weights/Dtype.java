package dev.graft.weights;

import java.lang.foreign.MemorySegment;

/** The supported element types of safetensors files, with their size in bytes. */
public enum Dtype {
  F64(8, "float64"),
  F32(4, "float32"),
  F16(2, "float16"),
  BF16(2, "bfloat16"),
  I64(8, "int64"),
  I32(4, "int32"),
  I8(1, "int8"),
  U8(1, "uint8"),
  BOOL(1, "bool");

  private final int bytes;
  private final String torchName;

  Dtype(int bytes, String torchName) {
    this.bytes = bytes;
    this.torchName = torchName;
  }

  public String torchName() {
    return torchName;
  }

  public int bytes() {
    return bytes;
  }

  /** Rounds a number to this type, to nearest even as PyTorch does. */
  public float round(float value) {
    return switch (this) {
      case F64, F32 -> value;
      case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
      case BF16 -> {
        if (Float.isNaN(value)) yield value;
        int bits = Float.floatToRawIntBits(value);
        yield Float.intBitsToFloat((bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF0000);
      }
      case I64, I32, I8, U8, BOOL ->
          throw new IllegalArgumentException(this + " is not floating point");
    };
  }

  /** Numbers that are rounded at once. */
  private static final int PIECE = 1 << 16;

  /**
   * Converts f32 elements to 16 bits each when they are copied; returns them unchanged for F32.
   *
   * @throws IllegalArgumentException for another type
   */
  public static TensorData narrow(TensorData floats, Dtype to) {
    if (to == Dtype.F32) return floats;
    if (to != Dtype.BF16 && to != Dtype.F16) {
      throw new IllegalArgumentException(to + " is not a 16-bit floating point type");
    }
    return new Narrowed(floats, to);
  }

  private record Narrowed(TensorData floats, Dtype to) implements TensorData {
    @Override
    public long byteSize() {
      return floats.byteSize() / 2;
    }

    @Override
    public void copyTo(long from, MemorySegment into) {
      long count = into.byteSize() / 2;
      float[] piece = new float[(int) Math.min(PIECE, count)];
      for (long at = 0; at < count; at += PIECE) {
        int length = (int) Math.min(PIECE, count - at);
        MemorySegment numbers = MemorySegment.ofArray(piece).asSlice(0, 4L * length);
        floats.copyTo(2 * from + 4 * at, numbers);
        for (int i = 0; i < length; i++) into.set(SHORT, 2 * (at + i), bits(piece[i]));
      }
    }

    private short bits(float value) {
      return to == Dtype.BF16 ? bfloat16(value) : Float.floatToFloat16(value);
    }
  }

  public static short bfloat16(float value) {
    if (Float.isNaN(value)) return 0x7FC0;
    return (short) (Float.floatToRawIntBits(Dtype.BF16.round(value)) >>> 16);
  }
}
