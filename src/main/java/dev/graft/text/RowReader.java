package dev.graft.text;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSONL training file as hostile input, in bounded memory. Rows are of the kinds of {@link
 * Example.Kind}; one kind a file.
 */
public final class RowReader {
  public static final int MAX_LINE = 1 << 20;
  public static final int MAX_PROBLEMS = 100;

  /** What is said of a line in another encoding; nothing is read after it. */
  public static final String NOT_UTF8 =
      "is not UTF-8, as in a file in Latin-1 or Windows-1252: save the file as UTF-8";

  private final ObjIntConsumer<Example> sink;
  private final List<Problem> problems = new ArrayList<>();
  private Example.@Nullable Kind kind;
  private @Nullable RowFormat format;
  private boolean begun;
  private boolean ended;
  private long rows;
  private int longest;

  /**
   * @param line from 1; 0 = the file as a whole
   * @param message what is wrong, without the row's own text
   */
  public record Problem(long line, String message) {}

  /**
   * @param rows good rows
   * @param kind of the first good row; null when there is none
   * @param longest bytes of the longest good row; 0 when there is none
   * @param format of the first row; null where {@link RowConversion} does not know it
   * @param problems the first {@link #MAX_PROBLEMS}; reading stops there, and where a problem is
   *     one of the whole file
   */
  public record Summary(
      long rows,
      Example.@Nullable Kind kind,
      int longest,
      @Nullable RowFormat format,
      List<Problem> problems) {}

  private RowReader(ObjIntConsumer<Example> sink) {
    this.sink = sink;
  }

  /**
   * @param sink gets each good row, in order; whoever needs all to be good looks at the problems
   */
  public static Summary read(InputStream in, Consumer<Example> sink) throws IOException {
    return readSized(in, (row, bytes) -> sink.accept(row));
  }

  /**
   * @param sink gets each good row and the bytes of its line
   */
  public static Summary readSized(InputStream in, ObjIntConsumer<Example> sink) throws IOException {
    RowReader reader = new RowReader(sink);
    LineReader lines = new LineReader(in, MAX_LINE);
    long number = 0;
    for (LineReader.Line line = lines.next(); line != null; line = lines.next()) {
      reader.line(++number, line);
      if (reader.ended || reader.problems.size() == MAX_PROBLEMS) break;
    }
    if (reader.rows == 0 && reader.problems.isEmpty()) {
      reader.problems.add(new Problem(0, "the file holds no rows"));
    }
    return new Summary(
        reader.rows, reader.kind, reader.longest, reader.format, List.copyOf(reader.problems));
  }

  private void line(long number, LineReader.Line line) {
    try {
      Map<?, ?> row = JsonLine.object(line, number);
      if (row == null) return;
      if (!begun) format = RowFormat.of(row);
      Example example = RowShape.example(number, row, UnknownKeys.REFUSED);
      if (kind == null) kind = example.kind();
      if (kind != example.kind()) {
        throw new BadRow(
            "is " + example.kind().words() + ", but the file began with " + kind.words());
      }
      rows++;
      int bytes = Objects.requireNonNull(line.bytes()).length;
      longest = Math.max(longest, bytes);
      sink.accept(example, bytes);
    } catch (BadRow bad) {
      problems.add(new Problem(number, bad.getMessage()));
      ended = bad.isOfTheFile() || (!begun && format == RowFormat.QUESTION_ANSWER);
    }
    begun = true;
  }

  /** Ends the reading of one row. */
  static final class BadRow extends RuntimeException {
    private final boolean ofTheFile;

    BadRow(String message) {
      this(message, false);
    }

    /**
     * @param ofTheFile the file's other lines are like that
     */
    BadRow(String message, boolean ofTheFile) {
      super(message, null, false, false);
      this.ofTheFile = ofTheFile;
    }

    boolean isOfTheFile() {
      return ofTheFile;
    }

    @Override
    public String getMessage() {
      return Objects.requireNonNull(super.getMessage());
    }
  }
}
