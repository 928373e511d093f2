package dev.graft.datasets.parquet;

/** Snappy's raw format (google/snappy, format_description.txt) as hostile input. */
final class Snappy {
  private final byte[] in;
  private int at;
  private final byte[] out;
  private int end;

  private Snappy(byte[] in, int at, byte[] out) {
    this.in = in;
    this.at = at;
    this.out = out;
  }

  /**
   * Returns how many bytes it says that it unpacks to; -1 where it does not.
   *
   * @param out as long as it must be
   */
  static long unpack(byte[] in, int from, byte[] out) {
    Snappy snappy = new Snappy(in, from, out);
    try {
      long length = snappy.varint();
      return length == out.length && snappy.run() ? length : -1;
    } catch (ArrayIndexOutOfBoundsException damaged) {
      return -1;
    }
  }

  private boolean run() {
    while (at < in.length) {
      int tag = in[at++] & 0xff;
      int high = tag >>> 2;
      boolean done =
          switch (tag & 3) {
            case 0 -> literal(high < 60 ? high + 1L : little(high - 59) + 1);
            case 1 -> copy(4 + (high & 7), tag >>> 5 << 8 | little(1));
            case 2 -> copy(high + 1, little(2));
            default -> copy(high + 1, little(4));
          };
      if (!done) return false;
    }
    return end == out.length;
  }

  private boolean literal(long length) {
    if (length > in.length - at || length > out.length - end) return false;
    System.arraycopy(in, at, out, end, (int) length);
    at += (int) length;
    end += (int) length;
    return true;
  }

  /** Byte by byte: what is copied may be what this copy writes. */
  private boolean copy(int length, long back) {
    if (back == 0 || back > end || length > out.length - end) return false;
    for (int i = 0; i < length; i++, end++) out[end] = out[end - (int) back];
    return true;
  }

  private long little(int bytes) {
    long value = 0;
    for (int i = 0; i < bytes; i++) value |= (in[at++] & 0xffL) << 8 * i;
    return value;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      int octet = in[at++] & 0xff;
      value |= (octet & 0x7fL) << shift;
      if (octet < 0x80) return value;
    }
    return -1;
  }
}
