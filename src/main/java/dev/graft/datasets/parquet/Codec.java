package dev.graft.datasets.parquet;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** The compression of pages, in the order of their numbers. */
enum Codec {
  UNCOMPRESSED,
  SNAPPY,
  GZIP,
  LZO,
  BROTLI,
  LZ4,
  ZSTD,
  LZ4_RAW;

  /** Unpacks the bytes from {@code from} on, which must have {@code size} bytes unpacked. */
  byte[] unpack(byte[] packed, int from, int size) throws IOException {
    byte[] unpacked = new byte[size];
    int length = packed.length - from;
    if (length == 0 && size == 0) return unpacked;
    long there =
        switch (this) {
          case UNCOMPRESSED -> {
            System.arraycopy(packed, from, unpacked, 0, Math.min(length, size));
            yield length;
          }
          case SNAPPY -> Snappy.unpack(packed, from, unpacked);
          case GZIP -> gunzip(packed, from, unpacked);
          // an error is negative
          case ZSTD -> Zstd.decompressByteArray(unpacked, 0, size, packed, from, length);
          case LZO, BROTLI, LZ4, LZ4_RAW ->
              throw UnreadableParquet.because(
                  "is Parquet packed with %s: write it with zstd, snappy, gzip or none",
                  name().toLowerCase(Locale.ROOT));
        };
    if (there != size) {
      throw UnreadableParquet.damaged("a page does not unpack to the declared %d bytes", size);
    }
    return unpacked;
  }

  private static long gunzip(byte[] packed, int from, byte[] unpacked) throws IOException {
    try (var in =
        new GZIPInputStream(new ByteArrayInputStream(packed, from, packed.length - from))) {
      int there = in.readNBytes(unpacked, 0, unpacked.length);
      return in.read() < 0 ? there : -1;
    } catch (EOFException | ZipException damaged) {
      return -1;
    }
  }

  /** Snappy's raw format (google/snappy, format_description.txt) as hostile input. */
  private static final class Snappy {
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
     * Returns the number of unpacked bytes; -1 if the data is damaged.
     *
     * @param out has the declared size
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

    /** Copies byte by byte, because the source may overlap the target. */
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
}
