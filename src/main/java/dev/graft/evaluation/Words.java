package dev.graft.evaluation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** Texts as words, and what runs of words two texts have in common. */
final class Words {
  private static final Pattern BETWEEN = Pattern.compile("[^\\p{L}\\p{N}]+");
  private static final int LONGEST_OF_GLEU = 4;

  private Words() {}

  /** Runs of letters and digits of any script, in lower case. */
  static List<String> of(String text) {
    return BETWEEN
        .splitAsStream(text.toLowerCase(Locale.ROOT))
        .filter(word -> !word.isEmpty())
        .toList();
  }

  /** F1 of runs of n words, as in Google's rouge_score without stemming. */
  static double rouge(int n, List<String> said, List<String> known) {
    int common = common(runs(n, said), runs(n, known));
    int all = count(n, said) + count(n, known);
    return all == 0 ? 0 : 2.0 * common / all;
  }

  /** The lesser of precision and recall over all runs of one to four words. */
  static double gleu(List<String> said, List<String> known) {
    int common = 0;
    int inSaid = 0;
    int inKnown = 0;
    for (int n = 1; n <= LONGEST_OF_GLEU; n++) {
      common += common(runs(n, said), runs(n, known));
      inSaid += count(n, said);
      inKnown += count(n, known);
    }
    int most = Math.max(inSaid, inKnown);
    return most == 0 ? 0 : (double) common / most;
  }

  private static int count(int n, List<String> words) {
    return Math.max(0, words.size() - n + 1);
  }

  private static Map<List<String>, Integer> runs(int n, List<String> words) {
    Map<List<String>, Integer> runs = new HashMap<>();
    for (int i = 0; i + n <= words.size(); i++) {
      runs.merge(new ArrayList<>(words.subList(i, i + n)), 1, Integer::sum);
    }
    return runs;
  }

  private static int common(Map<List<String>, Integer> one, Map<List<String>, Integer> other) {
    return one.entrySet().stream()
        .mapToInt(run -> Math.min(run.getValue(), other.getOrDefault(run.getKey(), 0)))
        .sum();
  }
}
