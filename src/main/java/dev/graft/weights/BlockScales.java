package dev.graft.weights;

/** The largest magnitude of each block of a 4-bit tensor, by which its levels are multiplied. */
public sealed interface BlockScales {
  /** Blocks of a double-quantised tensor's scales. */
  int NESTED_BLOCK = 256;

  /** One f32 a block. */
  float[] values();

  record Plain(float[] values) implements BlockScales {}

  /**
   * Quantised once more (double quantisation): {@code map[code] * absmax[block of codes] + offset}.
   *
   * @param codes one a block of the tensor
   * @param map 256 numbers
   * @param absmax largest magnitude of each block of codes, after the offset
   * @param offset mean of the scales
   */
  record Nested(byte[] codes, float[] map, float[] absmax, float offset, int blockSize)
      implements BlockScales {
    public static Nested of(float[] scales) {
      float offset = CascadeSum.mean(scales);
      float[] absmax = new float[Math.ceilDiv(scales.length, NESTED_BLOCK)];
      for (int i = 0; i < scales.length; i++) {
        int block = i / NESTED_BLOCK;
        absmax[block] = Math.max(absmax[block], Math.abs(scales[i] - offset));
      }
      byte[] codes = new byte[scales.length];
      for (int i = 0; i < scales.length; i++) {
        float largest = absmax[i / NESTED_BLOCK];
        if (largest > 0) codes[i] = DynamicMap.code((scales[i] - offset) * (1 / largest));
      }
      return new Nested(codes, DynamicMap.values(), absmax, offset, NESTED_BLOCK);
    }

    @Override
    public float[] values() {
      float[] values = new float[codes.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = map[codes[i] & 0xFF] * absmax[i / blockSize] + offset;
      }
      return values;
    }
  }
}
