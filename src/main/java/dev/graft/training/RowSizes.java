package dev.graft.training;

import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The size of training data before its tokens are counted.
 *
 * @param rows of all files together
 * @param longest bytes of the longest row as JSON
 */
public record RowSizes(int rows, int longest) {
  /** The maximum number and length of rows that the settings allow. */
  public static final RowSizes UNKNOWN = new RowSizes(Integer.MAX_VALUE, Integer.MAX_VALUE);

  /** Approximate control tokens of a chat's turns. */
  private static final int MARKS = 32;

  public RowSizes {
    if (rows < 1 || longest < 1)
      throw new IllegalArgumentException("there must be at least one row");
  }

  /**
   * Reads a JSONL file to its end.
   *
   * @throws IllegalArgumentException if it has no valid row
   */
  public static RowSizes of(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      RowReader.Summary read = RowReader.read(in, example -> {});
      return new RowSizes(Math.toIntExact(read.rows()), read.longest());
    }
  }

  /**
   * Returns the estimated tokens of the longest row, at two bytes per token. Text has three to
   * five, digits and rare scripts one to two, and the names and quotes of JSON are not tokens.
   */
  int tokens() {
    return longest / 2 + MARKS;
  }
}
