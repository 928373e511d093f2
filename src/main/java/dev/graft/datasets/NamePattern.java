package dev.graft.datasets;

import dev.graft.platform.RequestFailed;
import java.util.regex.Pattern;

/**
 * Which files are meant.
 *
 * @param path of one file, or with {@code *} in its last part, which stands for any characters but
 *     a slash
 */
record NamePattern(String path) {
  private static final int MOST_STARS = 2;
  private static final String ENDING =
      "(?i)\\.(jsonl|ndjson|json|csv|tsv|parquet)(\\.(gz|zst|zstd))?$";
  private static final Pattern DATA = Pattern.compile(ENDING);

  NamePattern {
    if (!DATA.matcher(path).find()) {
      throw RequestFailed.invalid(
          "source",
          "A source ends as the names of its files do: .jsonl, .csv, .tsv or .parquet, then perhaps"
              + " .gz or .zst.");
    }
    if (path.chars().filter(c -> c == '*').count() > MOST_STARS) {
      throw RequestFailed.invalid("source", "A source has at most two *.");
    }
  }

  boolean isOne() {
    return path.indexOf('*') < 0;
  }

  /** What all of them begin with. */
  String beginning() {
    return isOne() ? path : path.substring(0, path.indexOf('*'));
  }

  boolean matches(String name) {
    String expression = "\\Q" + path.replace("*", "\\E[^/]*\\Q") + "\\E";
    return name.matches(expression);
  }

  /**
   * What the file is called that is made of them.
   *
   * @param whose where the pattern itself says nothing
   */
  String filename(String whose) {
    String last = path.substring(path.lastIndexOf('/') + 1);
    if (isOne()) return last;
    String stem = last.replaceFirst(ENDING, "").replace("*", "").replaceAll("^[-_.]+|[-_.]+$", "");
    return rows(stem.isEmpty() ? whose : stem);
  }

  /** A name for rows that were joined. */
  static String rows(String name) {
    return name.replaceFirst(ENDING, "") + ".jsonl";
  }
}
