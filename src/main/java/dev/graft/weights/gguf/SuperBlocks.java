package dev.graft.weights.gguf;

/** Blocks of 256 numbers in groups, whose scales are quantised too, as ggml-quants.c has them. */
final class SuperBlocks {
  private static final int GROUPS = 8;
  private static final int GROUP = 32;

  private SuperBlocks() {}

  static void q4k(byte[] block, float[] out) {
    for (int group = 0; group < GROUPS; group++) {
      float d = ShortBlocks.half(block, 0) * scale(block, group);
      float min = ShortBlocks.half(block, 2) * minimum(block, group);
      for (int i = 0; i < GROUP; i++) out[group * GROUP + i] = d * four(block, 16, group, i) - min;
    }
  }

  static void q5k(byte[] block, float[] out) {
    for (int group = 0; group < GROUPS; group++) {
      float d = ShortBlocks.half(block, 0) * scale(block, group);
      float min = ShortBlocks.half(block, 2) * minimum(block, group);
      for (int i = 0; i < GROUP; i++) {
        int q = four(block, 48, group, i) | (block[16 + i] >> group & 1) << 4;
        out[group * GROUP + i] = d * q - min;
      }
    }
  }

  static void q6k(byte[] block, float[] out) {
    float d = ShortBlocks.half(block, 208);
    for (int i = 0; i < GROUPS * GROUP; i++) {
      int part = i / 128;
      int at = i % 128;
      int low = block[part * 64 + at % 64] >> at / 64 * 4 & 0xF;
      int high = block[128 + part * GROUP + at % GROUP] >> at / GROUP * 2 & 3;
      out[i] = d * block[192 + i / 16] * ((low | high << 4) - 32);
    }
  }

  /** Two groups share their bytes: the first has the low four bits. */
  private static int four(byte[] block, int at, int group, int i) {
    return block[at + group / 2 * GROUP + i] >> group % 2 * 4 & 0xF;
  }

  /** Six bits of the twelve bytes from 4: of later groups, the upper two lie in earlier bytes. */
  private static int scale(byte[] block, int group) {
    if (group < 4) return block[4 + group] & 0x3F;
    return block[8 + group] & 0xF | block[group] >> 2 & 0x30;
  }

  private static int minimum(byte[] block, int group) {
    if (group < 4) return block[8 + group] & 0x3F;
    return block[8 + group] >> 4 & 0xF | block[4 + group] >> 2 & 0x30;
  }
}
