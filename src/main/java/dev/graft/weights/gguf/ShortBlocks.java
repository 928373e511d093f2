package dev.graft.weights.gguf;

/**
 * Blocks of 32 numbers with one scale of F16 and maybe a minimum, as ggml-quants.c has them; the
 * first half lies in the low four bits, the second in the high ones.
 */
final class ShortBlocks {
  private static final int HALF = 16;

  private ShortBlocks() {}

  static void q40(byte[] block, float[] out) {
    float d = half(block, 0);
    for (int i = 0; i < HALF; i++) {
      int pair = block[2 + i] & 0xFF;
      out[i] = d * ((pair & 0xF) - 8);
      out[HALF + i] = d * ((pair >> 4) - 8);
    }
  }

  static void q41(byte[] block, float[] out) {
    float d = half(block, 0);
    float min = half(block, 2);
    for (int i = 0; i < HALF; i++) {
      int pair = block[4 + i] & 0xFF;
      out[i] = d * (pair & 0xF) + min;
      out[HALF + i] = d * (pair >> 4) + min;
    }
  }

  static void q50(byte[] block, float[] out) {
    float d = half(block, 0);
    for (int i = 0; i < 2 * HALF; i++) out[i] = d * (five(block, 2, i) - 16);
  }

  static void q51(byte[] block, float[] out) {
    float d = half(block, 0);
    float min = half(block, 2);
    for (int i = 0; i < 2 * HALF; i++) out[i] = d * five(block, 4, i) + min;
  }

  static void q80(byte[] block, float[] out) {
    float d = half(block, 0);
    for (int i = 0; i < 2 * HALF; i++) out[i] = d * block[2 + i];
  }

  /** Four bits, and the fifth of the 32 at {@code at}. */
  private static int five(byte[] block, int at, int i) {
    int high = block[at + i / 8] >> (i % 8) & 1;
    int pair = block[at + 4 + i % HALF] & 0xFF;
    return (i < HALF ? pair & 0xF : pair >> 4) | high << 4;
  }

  static float half(byte[] block, int at) {
    return Float.float16ToFloat((short) (block[at] & 0xFF | block[at + 1] << 8));
  }
}
