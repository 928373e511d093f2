package dev.graft.datasets;

import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongSupplier;

/** Unpacked data that ends with {@link Undecodable} where it grows out of all proportion. */
final class InflationGuard extends CountedInputStream {
  static final int RATIO = 100;

  /** Small data may be as regular as it likes. */
  private static final long FREE = 16L << 20;

  private final LongSupplier packed;

  /**
   * @param packed how many bytes they were unpacked of, by now
   */
  InflationGuard(InputStream unpacked, LongSupplier packed) {
    super(unpacked);
    this.packed = packed;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int n = super.read(target, offset, length);
    if (count() > FREE && count() / RATIO > packed.getAsLong()) {
      throw new Undecodable("grows to more than " + RATIO + " times its size when unpacked");
    }
    return n;
  }
}
