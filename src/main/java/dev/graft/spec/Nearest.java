package dev.graft.spec;

import static java.util.Locale.ROOT;

import java.util.Collection;
import java.util.Comparator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Suggests similar names for an unknown one. */
public final class Nearest {
  private static final int LONGEST = 200;
  private static final int MOST = 3;
  private static final int SHOWN = 100;
  private static final int LEAST_BEGINNING = 4;

  private Nearest() {}

  /** Returns the most similar name if it is similar enough to be meant; null otherwise. */
  static @Nullable String likely(String unknown, Collection<String> names) {
    if (unknown.length() > LONGEST) return null;
    return candidates(plain(unknown), names)
        .filter(Candidate::near)
        .findFirst()
        .map(Candidate::name)
        .orElse(null);
  }

  /**
   * Returns a sentence, after a space, that suggests up to three names: few edits away for their
   * length, or starting with the unknown name. Empty if there are none.
   *
   * @param unknown a name from a request; only the part after its last slash counts
   */
  public static String sentence(String unknown, Collection<String> names) {
    String plain = plain(unknown.substring(unknown.lastIndexOf('/') + 1));
    if (plain.length() > LONGEST) return "";
    String near =
        candidates(plain, names)
            .filter(each -> each.near() || begins(plain, each.name()))
            .limit(MOST)
            .map(each -> "'" + each.name() + "'")
            .collect(Collectors.joining(" or "));
    return near.isEmpty() ? "" : " Did you mean %s?".formatted(near);
  }

  private static boolean begins(String plain, String name) {
    return plain.length() >= LEAST_BEGINNING && plain(name).startsWith(plain);
  }

  /** Returns a name from a request for use in messages: shortened, without control characters. */
  public static String shown(String name) {
    String clean = name.replaceAll("\\p{Cntrl}", "?");
    return clean.length() <= SHOWN ? clean : clean.substring(0, SHOWN) + "...";
  }

  /** Makes {@code learningRate} and {@code learning-rate} equal to {@code learning_rate}. */
  private static String plain(String name) {
    return name.replaceAll("[_.\\-\\s]", "").toLowerCase(ROOT);
  }

  private record Candidate(String name, int distance, boolean near) {
    static Candidate of(String unknown, String name) {
      String plain = plain(name);
      int distance = edits(unknown, plain);
      int length = Math.max(unknown.length(), plain.length());
      return new Candidate(
          name, distance, length > 2 && distance <= Math.max(1, Math.min(4, length / 4)));
    }
  }

  /** Returns the names with the most similar first. */
  private static Stream<Candidate> candidates(String plain, Collection<String> names) {
    return names.stream()
        .distinct()
        .map(name -> Candidate.of(plain, name))
        .sorted(Comparator.comparingInt(Candidate::distance).thenComparing(Candidate::name));
  }

  /**
   * Counts insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
   */
  private static int edits(String from, String to) {
    int[] before = new int[to.length() + 1];
    int[] last = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) last[j] = j;
    for (int i = 1; i <= from.length(); i++) {
      int[] row = new int[to.length() + 1];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int other = from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1;
        row[j] = Math.min(Math.min(row[j - 1], last[j]) + 1, last[j - 1] + other);
        boolean swapped =
            i > 1
                && j > 1
                && from.charAt(i - 1) == to.charAt(j - 2)
                && from.charAt(i - 2) == to.charAt(j - 1);
        if (swapped) row[j] = Math.min(row[j], before[j - 2] + 1);
      }
      before = last;
      last = row;
    }
    return last[to.length()];
  }
}
