package dev.graft.training;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/** Rows of words that mean nothing and begin with nothing in common. */
final class RandomText {
  private static final int LETTERS = 26;
  private static final int SHORTEST = 3;
  private static final int LONGEST = 8;

  private RandomText() {}

  /**
   * Writes JSONL.
   *
   * @param words of a row; each is a token at least
   */
  static void write(Path file, int rows, int words, long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (int r = 0; r < rows; r++) {
        out.write("{\"text\":\"");
        for (int w = 0; w < words; w++) {
          int letters = random.nextInt(SHORTEST, LONGEST + 1);
          for (int i = 0; i < letters; i++) out.write('a' + random.nextInt(LETTERS));
          out.write(' ');
        }
        out.write("\"}\n");
      }
    }
  }
}
