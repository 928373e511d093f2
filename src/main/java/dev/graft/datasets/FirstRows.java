package dev.graft.datasets;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** The beginning of a file: ends with the line that has the last byte which may be read. */
final class FirstRows extends FilterInputStream {
  private long left;
  private boolean ended;

  public FirstRows(InputStream in, long most) {
    super(in);
    left = most;
  }

  /** Nothing more is read. */
  public void end() {
    ended = true;
  }

  /** Whether the file went on behind what was read. */
  public boolean cutOff() throws IOException {
    return ended && in.read() >= 0;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (ended) return -1;
    // behind the last byte that may be read there is only the rest of its line
    int wanted = left > 0 ? (int) Math.min(length, left) : 1;
    int read = in.read(bytes, offset, wanted);
    if (read < 0) return -1;
    left -= read;
    ended = left <= 0 && bytes[offset + read - 1] == '\n';
    return read;
  }
}
