package dev.graft.datasets;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Splits a stream into lines and holds no more of any than allowed, however long it is. */
final class LineReader {
  /**
   * A line.
   *
   * @param number counted from 1
   * @param bytes without the line feed; empty if {@code tooLong}
   */
  record Line(long number, byte[] bytes, boolean tooLong) {}

  private final InputStream in;
  private final int maxBytes;
  private final byte[] buffer = new byte[1 << 16];
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private int position;
  private int end;
  private long number;

  LineReader(InputStream in, int maxBytes) {
    this.in = in;
    this.maxBytes = maxBytes;
  }

  /** The next line, or null at the end of the stream. */
  @Nullable Line next() throws IOException {
    line.reset();
    boolean tooLong = false;
    boolean any = false;
    while (fill()) {
      any = true;
      int from = position;
      boolean ended = seekLineFeed();
      int length = (ended ? position - 1 : position) - from;
      tooLong |= line.size() + (long) length > maxBytes;
      if (!tooLong) {
        line.write(buffer, from, length);
      }
      if (ended) {
        break;
      }
    }
    if (!any) {
      return null;
    }
    return new Line(++number, tooLong ? new byte[0] : line.toByteArray(), tooLong);
  }

  private boolean fill() throws IOException {
    if (position == end) {
      position = 0;
      end = Math.max(0, in.read(buffer));
    }
    return position < end;
  }

  /** Moves past the next line feed in the buffer, or to its end; true if there was one. */
  private boolean seekLineFeed() {
    while (position < end) {
      if (buffer[position++] == '\n') {
        return true;
      }
    }
    return false;
  }
}
