package dev.graft.training;

import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What is known of training data before its tokens are counted.
 *
 * @param rows of all files together
 * @param longest bytes of the longest row as JSON
 */
public record RowSizes(int rows, int longest) {
  /** Rows may be as many and as long as the settings allow. */
  public static final RowSizes UNKNOWN = new RowSizes(Integer.MAX_VALUE, Integer.MAX_VALUE);

  /** Control tokens of a chat's turns, roughly. */
  private static final int MARKS = 32;

  public RowSizes {
    if (rows < 1 || longest < 1) throw new IllegalArgumentException("there must be a row");
  }

  /**
   * Reads a JSONL file to its end.
   *
   * @throws IllegalArgumentException if it has no good row
   */
  public static RowSizes of(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      RowReader.Summary read = RowReader.read(in, example -> {});
      return new RowSizes(Math.toIntExact(read.rows()), read.longest());
    }
  }

  /**
   * Tokens of the longest row. Two bytes a token are few: text has three to five, digits and rare
   * scripts one to two, and the names and quotes of JSON are no tokens.
   */
  int tokens() {
    return longest / 2 + MARKS;
  }
}
