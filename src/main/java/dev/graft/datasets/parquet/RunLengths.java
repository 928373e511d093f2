package dev.graft.datasets.parquet;

/**
 * Numbers of a fixed width in runs: the same one again and again, or one after the other (Parquet's
 * RLE/bit-packing hybrid). Holds no more of them than the one that it gives.
 */
final class RunLengths {
  private final BitReader in;
  private final int width;
  private long left;
  private boolean same;
  private int value;

  RunLengths(byte[] bytes, int from, int to, int width) throws UnreadableParquet {
    if (width > Integer.SIZE) throw UnreadableParquet.damaged("its numbers are too wide");
    this.in = new BitReader(bytes, from, to);
    this.width = width;
  }

  int next() throws UnreadableParquet {
    if (width == 0) return 0;
    while (left == 0) begin();
    left--;
    if (!same) value = (int) in.bits(width);
    return value;
  }

  private void begin() throws UnreadableParquet {
    long header = in.varint();
    same = (header & 1) == 0;
    left = same ? header >>> 1 : (header >>> 1) * 8;
    if (same) value = (int) in.bits((width + 7) / 8 * 8);
  }
}
