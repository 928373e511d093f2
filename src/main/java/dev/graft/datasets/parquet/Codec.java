package dev.graft.datasets.parquet;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** How pages are packed, as they are numbered. */
enum Codec {
  UNCOMPRESSED,
  SNAPPY,
  GZIP,
  LZO,
  BROTLI,
  LZ4,
  ZSTD,
  LZ4_RAW;

  /** The bytes from {@code from} on, which must unpack to so many. */
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
          // what is an error is negative
          case ZSTD -> Zstd.decompressByteArray(unpacked, 0, size, packed, from, length);
          case LZO, BROTLI, LZ4, LZ4_RAW ->
              throw UnreadableParquet.because(
                  "is Parquet packed with %s: write it with zstd, snappy, gzip or none",
                  name().toLowerCase(Locale.ROOT));
        };
    if (there != size) {
      throw UnreadableParquet.damaged("a page does not unpack to the %d bytes that it says", size);
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
}
