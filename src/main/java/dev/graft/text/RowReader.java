package dev.graft.text;

import dev.graft.text.RowConversion.RowFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a JSONL training file as hostile input, in bounded memory. All rows of a file have the same
 * {@link Example.Kind}.
 */
public final class RowReader {
  public static final int MAX_LINE = 1 << 20;
  public static final int MAX_PROBLEMS = 100;

  /** The problem of a line in another encoding, at which reading stops. */
  public static final String NOT_UTF8 =
      "is not UTF-8 (the file may be Latin-1 or Windows-1252): save the file as UTF-8";

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
   * @param rows number of valid rows
   * @param kind kind of the first valid row; null if there is none
   * @param longest bytes of the longest valid row; 0 if there is none
   * @param format format of the first row; null if {@link RowConversion} does not convert it
   * @param problems the first {@link #MAX_PROBLEMS}; reading stops there, or at a problem of the
   *     whole file
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
   * @param sink receives each valid row, in order, even if other rows have problems
   */
  public static Summary read(InputStream in, Consumer<Example> sink) throws IOException {
    return readSized(in, (row, bytes) -> sink.accept(row));
  }

  /**
   * @param sink receives each valid row with the bytes of its line
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
      reader.problems.add(new Problem(0, "the file contains no rows"));
    }
    return new Summary(
        reader.rows, reader.kind, reader.longest, reader.format, List.copyOf(reader.problems));
  }

  private void line(long number, LineReader.Line line) {
    try {
      Map<?, ?> row = JsonLine.object(line, number);
      if (row == null) return;
      if (!begun) format = RowFormat.of(row);
      Example example = RowShape.example(number, row, RowShape.UnknownKeys.REFUSED);
      if (kind == null) kind = example.kind();
      if (kind != example.kind()) {
        throw new BadRow(
            "is " + example.kind().words() + ", but the file starts with " + kind.words());
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

  /** A row cannot be read. */
  static final class BadRow extends RuntimeException {
    private final boolean ofTheFile;

    BadRow(String message) {
      this(message, false);
    }

    /**
     * @param ofTheFile whether the file's other lines have the same problem
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

  /** Reads lines of a stream as bytes, in bounded memory; lines that are too long are skipped. */
  static final class LineReader {
    private final InputStream in;
    private final int longest;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int limit;

    /** Null bytes if the line was too long. */
    record Line(byte @Nullable [] bytes) {}

    LineReader(InputStream in, int longest) {
      this.in = in;
      this.longest = longest;
    }

    /** Returns the next line without its line break, or null at the end. */
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

  /** One line of JSONL, read as hostile input. */
  static final class JsonLine {
    private static final int MAX_DEPTH = 16;

    static final JsonMapper JSON =
        JsonMapper.builder(
                JsonFactory.builder()
                    .streamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonLine() {}

    /**
     * Returns the line's object, which the caller may change; null if the line is blank. Throws
     * {@link BadRow}.
     *
     * @param number line number; the first line may have a byte order mark
     */
    static @Nullable Map<?, ?> object(LineReader.Line line, long number) {
      byte[] bytes = line.bytes();
      if (bytes == null) throw new BadRow("is longer than " + RowReader.MAX_LINE + " bytes");
      String text = utf8(bytes, number);
      if (text.isBlank()) return null;
      if (!(parse(text) instanceof Map<?, ?> map)) throw new BadRow("is not a JSON object");
      RowShape.checkText(map);
      return map;
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
        throw new BadRow(RowReader.NOT_UTF8, true);
      }
    }

    private static @Nullable Object parse(String text) {
      try {
        return JSON.readValue(text, Object.class);
      } catch (JacksonException e) {
        int column = e.getLocation() == null ? 0 : e.getLocation().getColumnNr();
        throw new BadRow(
            "is not a JSON object (column %d; the maximum depth is %d, and keys must be unique)"
                .formatted(column, MAX_DEPTH));
      }
    }
  }
}
