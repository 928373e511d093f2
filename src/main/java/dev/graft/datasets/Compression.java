package dev.graft.datasets;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.graft.datasets.FileFormat.Undecodable;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongSupplier;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** The compression of a file, recognised by its first bytes. */
enum Compression {
  NONE,
  GZIP,
  ZSTD;

  /** As many first bytes as it takes to tell. */
  static final int SIGNATURE = 4;

  private static final int BUFFER = 1 << 16;

  /** 8 MiB, what RFC 8878 asks every decoder to have: more would be memory that a header orders. */
  private static final int MAX_WINDOW_LOG = 23;

  static Compression of(byte[] head) {
    if (startsWith(head, 0x1f, 0x8b)) return GZIP;
    if (startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) return ZSTD;
    return NONE;
  }

  private static boolean startsWith(byte[] head, int... signature) {
    if (head.length < signature.length) return false;
    for (int i = 0; i < signature.length; i++) {
      if ((head[i] & 0xff) != signature[i]) return false;
    }
    return true;
  }

  /** Close it: a decoder may hold memory outside the heap. */
  InputStream unpack(InputStream packed) throws IOException {
    return switch (this) {
      case NONE -> packed;
      case GZIP -> {
        CountedInputStream counted = new CountedInputStream(packed);
        yield new InflationGuard(new GZIPInputStream(counted, BUFFER), counted::count);
      }
      case ZSTD -> {
        CountedInputStream counted = new CountedInputStream(packed);
        var frames = new ZstdInputStreamNoFinalizer(counted).setLongMax(MAX_WINDOW_LOG);
        yield new InflationGuard(frames, counted::count);
      }
    };
  }

  /** This failure as what it says about the file, or as it is if it says nothing about it. */
  IOException explain(IOException failure) {
    return switch (failure) {
      case ZstdIOException zstd
          when zstd.getErrorCode() == Zstd.errFrameParameterWindowTooLarge() ->
          new Undecodable(
              "needs more than 8 MiB of memory to unpack: pack it without --long and --ultra");
      case ZstdIOException zstd -> new Undecodable("is damaged or cut off Zstandard data");
      case ZipException zip -> new Undecodable("is damaged gzip data");
      case EOFException cut when this == GZIP -> new Undecodable("is cut off gzip data");
      default -> failure;
    };
  }

  /**
   * Unpacked data. Reading throws {@link FileFormat.Undecodable} if the data grows out of all
   * proportion.
   */
  static final class InflationGuard extends CountedInputStream {
    static final int RATIO = 100;

    /** Small data may be as regular as it likes. */
    private static final long FREE = 16L << 20;

    private final LongSupplier packed;

    /**
     * @param packed number of packed bytes read so far
     */
    InflationGuard(InputStream unpacked, LongSupplier packed) {
      super(unpacked);
      this.packed = packed;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = super.read(target, offset, length);
      if (count() > FREE && count() / RATIO > packed.getAsLong()) {
        throw new FileFormat.Undecodable(
            "grows to more than " + RATIO + " times its size when unpacked");
      }
      return n;
    }
  }

  /** Knows how many bytes were read from it. */
  static class CountedInputStream extends FilterInputStream {
    private long count;

    CountedInputStream(InputStream in) {
      super(in);
    }

    final long count() {
      return count;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = in.read(target, offset, length);
      count += Math.max(0, n);
      return n;
    }

    @Override
    public long skip(long n) throws IOException {
      long skipped = in.skip(n);
      count += skipped;
      return skipped;
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
