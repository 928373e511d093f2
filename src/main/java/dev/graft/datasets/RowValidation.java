package dev.graft.datasets;

import dev.graft.datasets.LineReader.Line;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a training file line by line: UTF-8 without byte order mark or NUL, one JSON object a line,
 * LF or CRLF, empty lines allowed, each row one of the shapes that {@link RowShape} knows, all rows
 * of one shape. Memory does not grow with the file.
 */
final class RowValidation {
  static final int MAX_PROBLEMS = 100;

  private final LineReader lines;
  private final int maxLineBytes;
  private final List<Problem> problems = new ArrayList<>();
  private @Nullable RowShape shape;
  private int examples;

  private RowValidation(InputStream in, int maxLineBytes) {
    this.lines = new LineReader(in, maxLineBytes);
    this.maxLineBytes = maxLineBytes;
  }

  /** Reads to the end, or to the hundredth problem. */
  static Validation of(InputStream in, int maxLineBytes) throws IOException {
    return new RowValidation(in, maxLineBytes).run();
  }

  private Validation run() throws IOException {
    for (Line line = lines.next(); line != null; line = lines.next()) {
      check(line);
      if (problems.size() == MAX_PROBLEMS) {
        return new Validation(examples, List.copyOf(problems));
      }
    }
    if (examples == 0 && problems.isEmpty()) {
      problems.add(new Problem(0, "the file has no rows"));
    }
    return new Validation(examples, List.copyOf(problems));
  }

  private void check(Line line) {
    try {
      if (line.tooLong()) {
        throw new RowRejected("longer than " + maxLineBytes + " bytes");
      }
      String text = decode(line);
      if (text.isBlank()) {
        return;
      }
      RowShape found = RowShape.of(text);
      if (shape != null && found != shape) {
        throw new RowRejected("a %s row, while the rows before are %s".formatted(found, shape));
      }
      shape = found;
      examples++;
    } catch (RowRejected e) {
      problems.add(new Problem(line.number(), String.valueOf(e.getMessage())));
    }
  }

  private static String decode(Line line) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(line.bytes());
      String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
      if (line.number() == 1 && text.startsWith("\uFEFF")) {
        throw new RowRejected("starts with a byte order mark; save the file as UTF-8 without one");
      }
      if (text.indexOf('\0') >= 0) {
        throw new RowRejected("holds a NUL character");
      }
      return text;
    } catch (CharacterCodingException e) {
      throw new RowRejected("is not valid UTF-8");
    }
  }
}
