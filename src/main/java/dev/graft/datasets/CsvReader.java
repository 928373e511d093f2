package dev.graft.datasets;

import dev.graft.text.RowReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records of CSV (RFC 4180) as hostile input, in bounded memory. Lines end with LF or CRLF; cells
 * are separated by what separates most of the first line: comma, semicolon or tab.
 */
final class CsvReader {
  static final int MAX_RECORD = 1 << 20;
  private static final int BUFFER = 1 << 16;
  private static final String DELIMITERS = ",;\t";

  private final InputStream in;
  private byte[] buffer;
  private int at;
  private int limit;
  private final int delimiter;
  private long line = 1;

  private final ByteArrayOutputStream cell = new ByteArrayOutputStream();
  private final List<String> cells = new ArrayList<>();
  private @Nullable String problem;

  /**
   * @param line where it begins, from 1
   * @param lines how many it takes, at least 1
   * @param problem why it is none, or null
   */
  record Row(long line, int lines, List<String> cells, @Nullable String problem) {
    boolean isBlank() {
      return problem == null && cells.size() == 1 && cells.getFirst().isEmpty();
    }
  }

  CsvReader(InputStream in) throws IOException {
    this.in = in;
    this.buffer = in.readNBytes(BUFFER);
    this.limit = buffer.length;
    if (limit >= 3 && buffer[0] == (byte) 0xEF && buffer[1] == (byte) 0xBB) at = 3;
    this.delimiter = delimiter();
  }

  private int delimiter() {
    int[] seen = new int[DELIMITERS.length()];
    boolean quoted = false;
    for (int i = at; i < limit && (quoted || buffer[i] != '\n'); i++) {
      if (buffer[i] == '"') quoted = !quoted;
      int which = DELIMITERS.indexOf(buffer[i]);
      if (which >= 0 && !quoted) seen[which]++;
    }
    int most = 0;
    for (int i = 1; i < seen.length; i++) {
      if (seen[i] > seen[most]) most = i;
    }
    return DELIMITERS.charAt(most);
  }

  /** The next record, or null at the end. */
  @Nullable Row next() throws IOException {
    int c = read();
    if (c < 0) return null;
    long first = line;
    int size = 0;
    cells.clear();
    problem = null;
    Cell state = Cell.START;
    while (c >= 0) {
      if (c == '\n') line++;
      if (c == '\n' && state != Cell.QUOTED) break;
      if (++size > MAX_RECORD) {
        problem = "is longer than " + MAX_RECORD + " bytes; is a quote not closed?";
        cell.reset();
      }
      state = take(c, state);
      c = read();
    }
    if (c < 0 && state == Cell.QUOTED) blame("has a quote that is not closed");
    end(state, true);
    int lines = (int) Math.max(1, line - first);
    return new Row(first, lines, List.copyOf(cells), problem);
  }

  /** Where in a cell the reader is. */
  private enum Cell {
    START,
    BARE,
    QUOTED,
    AFTER_QUOTE
  }

  private Cell take(int c, Cell state) {
    if (state == Cell.QUOTED) {
      if (c == '"') return Cell.AFTER_QUOTE;
      keep(c);
      return Cell.QUOTED;
    }
    if (c == delimiter) {
      end(state, false);
      return Cell.START;
    }
    if (c == '"' && state == Cell.START) return Cell.QUOTED;
    if (c == '"' && state == Cell.AFTER_QUOTE) {
      keep(c);
      return Cell.QUOTED;
    }
    if (state == Cell.AFTER_QUOTE) {
      if (c != '\r') blame("has text after a closing quote");
      return Cell.AFTER_QUOTE;
    }
    keep(c);
    return Cell.BARE;
  }

  private void keep(int c) {
    if (problem == null) cell.write(c);
  }

  private void end(Cell state, boolean last) {
    byte[] bytes = cell.toByteArray();
    cell.reset();
    boolean carriageReturn =
        last && state == Cell.BARE && bytes.length > 0 && bytes[bytes.length - 1] == '\r';
    if (problem != null) return;
    try {
      ByteBuffer text = ByteBuffer.wrap(bytes, 0, bytes.length - (carriageReturn ? 1 : 0));
      cells.add(StandardCharsets.UTF_8.newDecoder().decode(text).toString());
    } catch (CharacterCodingException e) {
      blame(RowReader.NOT_UTF8);
    }
  }

  private void blame(String what) {
    if (problem == null) problem = what;
  }

  private int read() throws IOException {
    if (at == limit) {
      if (buffer.length < BUFFER) buffer = new byte[BUFFER];
      at = 0;
      limit = Math.max(0, in.read(buffer));
      if (limit == 0) return -1;
    }
    return buffer[at++] & 0xff;
  }
}
