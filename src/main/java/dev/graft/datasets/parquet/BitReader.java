package dev.graft.datasets.parquet;

/** Numbers of whole bytes and of bits, the least significant first, from a part of a page. */
final class BitReader {
  private final byte[] bytes;
  private final int to;

  /** Of the next bit. */
  private long at;

  BitReader(byte[] bytes, int from, int to) throws UnreadableParquet {
    if (from < 0 || to < from || to > bytes.length) throw UnreadableParquet.cutOff();
    this.bytes = bytes;
    this.to = to;
    this.at = 8L * from;
  }

  /** Where the byte of the next bit is. */
  int position() {
    return (int) (at >>> 3);
  }

  boolean ended() {
    return at >>> 3 >= to;
  }

  /** So many bits further on. */
  void skip(long bits) {
    at += bits;
  }

  long bits(int width) throws UnreadableParquet {
    long value = 0;
    for (int got = 0; got < width; ) {
      if (ended()) throw UnreadableParquet.cutOff();
      int low = (int) (at & 7);
      int taken = Math.min(8 - low, width - got);
      long part = (bytes[position()] & 0xff) >>> low & (1 << taken) - 1;
      value |= part << got;
      got += taken;
      at += taken;
    }
    return value;
  }

  long varint() throws UnreadableParquet {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      long octet = bits(8);
      value |= (octet & 0x7f) << shift;
      if (octet < 0x80) break;
    }
    return value;
  }

  long zigzag() throws UnreadableParquet {
    long coded = varint();
    return coded >>> 1 ^ -(coded & 1);
  }
}
