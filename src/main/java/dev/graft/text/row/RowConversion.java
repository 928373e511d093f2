package dev.graft.text.row;

import dev.graft.text.row.RowReader.BadRow;
import dev.graft.text.row.RowReader.Problem;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;

/**
 * Makes a file of rows of another, line by line, in bounded memory. Every row stays on its line, so
 * that a line number means the same in both; a row that cannot be made is an empty line.
 */
public final class RowConversion {
  private final Change change;

  private RowConversion(Change change) {
    this.change = change;
  }

  /** What one row becomes. Throws {@link BadRow}. */
  private interface Change {
    Map<?, ?> of(long line, Map<?, ?> row);
  }

  /** The same rows without keys that their kinds do not have. */
  public static RowConversion withoutUnknownKeys() {
    return new RowConversion(
        (line, row) -> {
          // told by whoever reads the rows, once for the file
          if (RowFormat.of(row) == RowFormat.QUESTION_ANSWER) return row;
          RowShape.example(line, row, UnknownKeys.DROPPED);
          return row;
        });
  }

  /**
   * OpenAI's chat rows.
   *
   * @param ignoreUnknownKeys leaves out what the format does not have; else it is a problem
   */
  public static RowConversion toChat(RowFormat from, boolean ignoreUnknownKeys) {
    UnknownKeys unknown = ignoreUnknownKeys ? UnknownKeys.DROPPED : UnknownKeys.REFUSED;
    return new RowConversion((line, row) -> ConvertedRow.of(from, row, unknown));
  }

  /**
   * Reads to the end, or to as many problems as a {@link RowReader} tells. Whoever reads what is
   * written finds what is wrong with it there.
   *
   * @param problems gets what is wrong with rows that could not be made
   */
  public void write(InputStream rows, OutputStream jsonl, List<Problem> problems)
      throws IOException {
    OutputStream out = new BufferedOutputStream(jsonl, 1 << 16);
    LineReader lines = new LineReader(rows, RowReader.MAX_LINE);
    long number = 0;
    for (LineReader.Line line = lines.next(); line != null; line = lines.next()) {
      number++;
      try {
        Map<?, ?> row = JsonLine.object(line, number);
        if (row != null) out.write(JsonLine.JSON.writeValueAsBytes(change.of(number, row)));
      } catch (BadRow bad) {
        problems.add(new Problem(number, bad.getMessage()));
        if (bad.isOfTheFile() || problems.size() == RowReader.MAX_PROBLEMS) break;
      }
      out.write('\n');
    }
    out.flush();
  }
}
