package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import dev.graft.text.RowReader.Problem;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes a file of rows of another, line by line, in bounded memory. A row that is made of one stays
 * on its line, so that a line number means the same in both; one that cannot be made is an empty
 * line. Where rows are left out, those behind them move up.
 */
public final class RowConversion {
  private final Change change;
  private final boolean keepsLines;

  private RowConversion(Change change, boolean keepsLines) {
    this.change = change;
    this.keepsLines = keepsLines;
  }

  /** What one row becomes; null = it is left out. */
  public interface Change {
    @Nullable Map<?, ?> of(long line, Map<?, ?> row);
  }

  /** Rows that are changed or left out. */
  public static RowConversion by(Change change) {
    return new RowConversion(change, false);
  }

  /** What a row says. What is thrown where it is none is told by {@link #write}. */
  public static Example example(long line, Map<?, ?> row) {
    return RowShape.example(line, row, UnknownKeys.REFUSED);
  }

  /** OpenAI's chat row of this one, if it is of another format; else as it is. */
  public static Map<?, ?> chatOf(Map<?, ?> row) {
    RowFormat format = RowFormat.of(row);
    return format == null ? row : ConvertedRow.of(format, row, UnknownKeys.REFUSED);
  }

  /** The same rows without keys that their kinds do not have. */
  public static RowConversion withoutUnknownKeys() {
    return new RowConversion(
        (line, row) -> {
          // told by whoever reads the rows, once for the file
          if (RowFormat.of(row) == RowFormat.QUESTION_ANSWER) return row;
          RowShape.example(line, row, UnknownKeys.DROPPED);
          return row;
        },
        true);
  }

  /**
   * OpenAI's chat rows.
   *
   * @param ignoreUnknownKeys leaves out what the format does not have; else it is a problem
   */
  public static RowConversion toChat(RowFormat from, boolean ignoreUnknownKeys) {
    UnknownKeys unknown = ignoreUnknownKeys ? UnknownKeys.DROPPED : UnknownKeys.REFUSED;
    return new RowConversion((line, row) -> ConvertedRow.of(from, row, unknown), true);
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
        Map<?, ?> made = row == null ? null : change.of(number, row);
        if (made == null && !keepsLines) continue;
        if (made != null) out.write(JsonLine.JSON.writeValueAsBytes(made));
      } catch (BadRow bad) {
        problems.add(new Problem(number, bad.getMessage()));
        if (bad.isOfTheFile() || problems.size() == RowReader.MAX_PROBLEMS) break;
      }
      out.write('\n');
    }
    out.flush();
  }
}
