package dev.graft.datasets;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Cuts texts into overlapping pieces of five characters, without regard to case and white space.
 * Pieces that most rows have, such as the words of one instruction that begins them all, are left
 * out: they would make every row like every other.
 */
final class Shingles {
  /** Rows that are looked at to know what most rows have. */
  public static final int SAMPLE = 128;

  private static final int LENGTH = 5;
  private static final int LONGEST = 4096;
  private static final int LONGEST_OF_SAMPLE = 1024;
  private static final int FEWEST_ROWS = 8;
  private static final Pattern SPACE = Pattern.compile("\\s+");

  private final Set<Integer> common;

  private Shingles(Set<Integer> common) {
    this.common = common;
  }

  /**
   * @param sample texts of the first rows
   */
  public static Shingles knowing(List<String> sample) {
    if (sample.size() < FEWEST_ROWS) return new Shingles(Set.of());
    Map<Integer, Integer> rowsWith = new HashMap<>();
    for (String text : sample)
      pieces(text, LONGEST_OF_SAMPLE).forEach(piece -> rowsWith.merge(piece, 1, Integer::sum));
    Set<Integer> common = new HashSet<>();
    rowsWith.forEach(
        (piece, rows) -> {
          if (rows * 2 > sample.size()) common.add(piece);
        });
    return new Shingles(common);
  }

  /** Hashes of the pieces, each once. */
  int[] of(String text) {
    return pieces(text, LONGEST).stream()
        .filter(piece -> !common.contains(piece))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Of a long text its beginning and its end, where the answer is. */
  private static Set<Integer> pieces(String text, int most) {
    Set<Integer> pieces = new HashSet<>();
    if (text.length() <= 2 * most) {
      addPieces(text, pieces);
    } else {
      addPieces(text.substring(0, most), pieces);
      addPieces(text.substring(text.length() - most), pieces);
    }
    return pieces;
  }

  private static void addPieces(String text, Set<Integer> pieces) {
    String plain = SPACE.matcher(text.toLowerCase(Locale.ROOT)).replaceAll(" ").strip();
    for (int i = 0; i + LENGTH <= plain.length(); i++) {
      pieces.add(plain.substring(i, i + LENGTH).hashCode());
    }
  }
}
