package dev.graft.weights;

/** Element types of a safetensors file that Graft reads, with their size in bytes. */
public enum Dtype {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  I32(4),
  I8(1),
  U8(1),
  BOOL(1);

  private final int bytes;

  Dtype(int bytes) {
    this.bytes = bytes;
  }

  public int bytes() {
    return bytes;
  }

  /** What is left of a number that is stored in this type: to nearest even, as PyTorch does. */
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
}
