package dev.graft.catalog;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** An archive as it is unpacked: so many bytes may be read before the next of its files begins. */
final class MeteredInput extends FilterInputStream {
  /** Headers, long names and padding: readers hold them in memory. */
  static final long BETWEEN = 1 << 20;

  private long left = BETWEEN;

  MeteredInput(InputStream in) {
    super(in);
  }

  /**
   * @param bytes of the file that comes
   */
  void begins(long bytes) {
    left = bytes + BETWEEN;
  }

  @Override
  public int read() throws IOException {
    int next = in.read();
    if (next >= 0) take(1);
    return next;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    int read = in.read(into, offset, length);
    if (read > 0) take(read);
    return read;
  }

  /** By reading: what is skipped counts as well. */
  @Override
  public long skip(long bytes) throws IOException {
    byte[] rest = new byte[(int) Math.clamp(bytes, 0, 1 << 13)];
    return Math.max(0, read(rest, 0, rest.length));
  }

  private void take(long bytes) {
    left -= bytes;
    if (left < 0) {
      throw new ArchiveRefused("there is more than a megabyte between two of its files");
    }
  }
}
