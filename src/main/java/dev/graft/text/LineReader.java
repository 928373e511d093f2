package dev.graft.text;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Lines of a stream as bytes, in bounded memory: a longer line is passed over and said to be. */
final class LineReader {
  private final InputStream in;
  private final int longest;
  private final byte[] buffer = new byte[1 << 16];
  private int at;
  private int limit;

  /** Null bytes where the line was longer than allowed. */
  record Line(byte @Nullable [] bytes) {}

  LineReader(InputStream in, int longest) {
    this.in = in;
    this.longest = longest;
  }

  /** The next line without its break, or null at the end. */
  @Nullable Line next() throws IOException {
    if (at == limit && !fill()) return null;
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    boolean tooLong = false;
    do {
      int from = at;
      while (at < limit && buffer[at] != '\n') at++;
      tooLong |= line.size() + at - from > longest;
      if (!tooLong) line.write(buffer, from, at - from);
      if (at < limit) {
        at++;
        break;
      }
    } while (fill());
    return new Line(tooLong ? null : line.toByteArray());
  }

  private boolean fill() throws IOException {
    at = 0;
    limit = Math.max(0, in.read(buffer));
    return limit > 0;
  }
}
