package dev.graft.text.row;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a JSONL training file as hostile input, in bounded memory. Rows are of the kinds of {@link
 * Example.Kind}; one kind a file.
 */
public final class RowReader {
  public static final int MAX_LINE = 1 << 20;
  public static final int MAX_PROBLEMS = 100;
  private static final int MAX_DEPTH = 16;

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Consumer<Example> sink;
  private final List<Problem> problems = new ArrayList<>();
  private Example.@Nullable Kind kind;
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
   * @param problems the first {@link #MAX_PROBLEMS}; reading stops there
   */
  public record Summary(
      long rows, Example.@Nullable Kind kind, int longest, List<Problem> problems) {}

  private RowReader(Consumer<Example> sink) {
    this.sink = sink;
  }

  /**
   * @param sink gets each good row, in order; whoever needs all to be good looks at the problems
   */
  public static Summary read(InputStream in, Consumer<Example> sink) throws IOException {
    RowReader reader = new RowReader(sink);
    LineReader lines = new LineReader(in, MAX_LINE);
    long number = 0;
    for (LineReader.Line line = lines.next(); line != null; line = lines.next()) {
      reader.line(++number, line);
      if (reader.problems.size() == MAX_PROBLEMS) break;
    }
    if (reader.rows == 0 && reader.problems.isEmpty()) {
      reader.problems.add(new Problem(0, "the file holds no rows"));
    }
    return new Summary(reader.rows, reader.kind, reader.longest, List.copyOf(reader.problems));
  }

  private void line(long number, LineReader.Line line) {
    try {
      if (line.bytes() == null) throw new BadRow("is longer than " + MAX_LINE + " bytes");
      String text = utf8(line.bytes(), number);
      if (text.isBlank()) return;
      Example example = RowShape.example(number, parse(text));
      if (kind == null) kind = example.kind();
      if (kind != example.kind()) {
        throw new BadRow(
            "is " + example.kind().words() + ", but the file began with " + kind.words());
      }
      rows++;
      longest = Math.max(longest, line.bytes().length);
      sink.accept(example);
    } catch (BadRow bad) {
      problems.add(new Problem(number, bad.getMessage()));
    }
  }

  private static String utf8(byte[] bytes, long number) {
    boolean mark =
        number == 1
            && bytes.length >= 3
            && bytes[0] == (byte) 0xEF
            && bytes[1] == (byte) 0xBB
            && bytes[2] == (byte) 0xBF;
    int start = mark ? 3 : 0;
    try {
      ByteBuffer content = ByteBuffer.wrap(bytes, start, bytes.length - start);
      return StandardCharsets.UTF_8.newDecoder().decode(content).toString();
    } catch (CharacterCodingException e) {
      throw new BadRow("is not UTF-8");
    }
  }

  private static @Nullable Object parse(String text) {
    try {
      return JSON.readValue(text, Object.class);
    } catch (JacksonException e) {
      int column = e.getLocation() == null ? 0 : e.getLocation().getColumnNr();
      throw new BadRow(
          "is not a JSON object (column %d; depth at most %d, no key twice)"
              .formatted(column, MAX_DEPTH));
    }
  }

  /** Ends the reading of one row. */
  static final class BadRow extends RuntimeException {
    BadRow(String message) {
      super(message, null, false, false);
    }

    @Override
    public String getMessage() {
      return Objects.requireNonNull(super.getMessage());
    }
  }
}
