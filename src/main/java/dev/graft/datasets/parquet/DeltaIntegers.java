package dev.graft.datasets.parquet;

/** Numbers as what they add to the one before (Parquet's DELTA_BINARY_PACKED). */
final class DeltaIntegers {
  private static final int LARGEST_BLOCK = 1 << 20;

  private final BitReader in;
  private final int perMiniblock;
  private final int[] widths;
  private int left;
  private long value;
  private long least;

  /** Of the values that the block's deltas make. */
  private int inBlock;

  /**
   * @param most that there can be: passing over more takes time, however few bytes they have
   */
  DeltaIntegers(byte[] bytes, int from, int most) throws UnreadableParquet {
    in = new BitReader(bytes, from, bytes.length);
    long block = in.varint();
    long miniblocks = in.varint();
    long total = in.varint();
    value = in.zigzag();
    boolean fits = block > 0 && block <= LARGEST_BLOCK && miniblocks > 0 && block % miniblocks == 0;
    if (!fits || total < 0 || total > most) {
      throw UnreadableParquet.damaged("a page has %d numbers in blocks of %d", total, block);
    }
    left = (int) total;
    widths = new int[(int) miniblocks];
    perMiniblock = (int) (block / miniblocks);
    inBlock = perMiniblock * widths.length;
  }

  long next() throws UnreadableParquet {
    if (left == 0) throw UnreadableParquet.cutOff();
    long now = value;
    if (--left > 0) value += delta();
    return now;
  }

  int left() {
    return left;
  }

  /** Where what follows the numbers begins, when all were taken: the last miniblock is whole. */
  int end() {
    int begun = inBlock % perMiniblock;
    if (begun > 0) {
      in.skip((long) (perMiniblock - begun) * widths[inBlock / perMiniblock]);
      inBlock += perMiniblock - begun;
    }
    return in.position();
  }

  private long delta() throws UnreadableParquet {
    if (inBlock == perMiniblock * widths.length) {
      least = in.zigzag();
      for (int i = 0; i < widths.length; i++) widths[i] = (int) in.bits(8);
      inBlock = 0;
    }
    int width = widths[inBlock++ / perMiniblock];
    if (width > Long.SIZE) throw UnreadableParquet.damaged("its numbers are too wide");
    return least + in.bits(width);
  }
}
