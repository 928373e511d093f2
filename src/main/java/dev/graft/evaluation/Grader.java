package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Scores an answer from 0 to 1 against the known answer: OpenAI's graders, and a grader of labels.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Grader.StringCheck.class, name = "string_check"),
  @JsonSubTypes.Type(value = Grader.TextSimilarity.class, name = "text_similarity"),
  @JsonSubTypes.Type(value = Grader.LabelMatch.class, name = "label_match")
})
sealed interface Grader {
  /** Name of the score, unique in an evaluation. */
  String name();

  /**
   * Ignores white space around both, except for labels.
   *
   * @param reference the known answer
   */
  double score(String answer, String reference);

  /** OpenAI's {@code string_check}: 1 or 0. */
  record StringCheck(String name, StringOperation operation) implements Grader {
    @Override
    public double score(String answer, String reference) {
      return operation.holds(answer.strip(), reference.strip()) ? 1 : 0;
    }
  }

  /** For classifiers: 1 if the label is the known one, else 0. */
  record LabelMatch(String name) implements Grader {
    @Override
    public double score(String answer, String reference) {
      return answer.equals(reference) ? 1 : 0;
    }
  }

  /** OpenAI's {@code text_similarity}. */
  record TextSimilarity(String name, SimilarityMetric evaluationMetric) implements Grader {
    @Override
    public double score(String answer, String reference) {
      return evaluationMetric.of(answer.strip(), reference.strip());
    }
  }

  /** The operations of OpenAI's {@code string_check}. */
  enum StringOperation {
    /** Equal. */
    EQ,
    /** Not equal. */
    NE,
    /** The answer contains the reference. */
    LIKE,
    /** As {@link #LIKE}, in any case. */
    ILIKE;

    boolean holds(String answer, String reference) {
      return switch (this) {
        case EQ -> answer.equals(reference);
        case NE -> !answer.equals(reference);
        case LIKE -> answer.contains(reference);
        case ILIKE -> folded(answer).contains(folded(reference));
      };
    }

    private static String folded(String text) {
      return text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    }

    @JsonValue
    public String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Metrics of OpenAI's {@code text_similarity}, from 0 to 1. */
  enum SimilarityMetric {
    /** As rapidfuzz's {@code ratio}, divided by 100: characters in common, in order. */
    FUZZY_MATCH,
    /** Google's sentence-level BLEU (Wu et al. 2016): the lesser of precision and recall. */
    GLEU,
    /** F1 of words (Lin 2004). */
    ROUGE_1,
    ROUGE_2,
    ROUGE_3,
    ROUGE_4,
    ROUGE_5,
    /** F1 of the longest common subsequence of words (Lin 2004). */
    ROUGE_L;

    double of(String answer, String reference) {
      if (this == FUZZY_MATCH) {
        return Subsequence.ratio(
            answer.codePoints().boxed().toList(), reference.codePoints().boxed().toList());
      }
      List<String> given = Words.of(answer);
      List<String> known = Words.of(reference);
      return switch (this) {
        case FUZZY_MATCH -> throw new IllegalStateException("fuzzy_match compares characters");
        case GLEU -> Words.gleu(given, known);
        case ROUGE_1 -> Words.rouge(1, given, known);
        case ROUGE_2 -> Words.rouge(2, given, known);
        case ROUGE_3 -> Words.rouge(3, given, known);
        case ROUGE_4 -> Words.rouge(4, given, known);
        case ROUGE_5 -> Words.rouge(5, given, known);
        case ROUGE_L -> given.isEmpty() || known.isEmpty() ? 0 : Subsequence.ratio(given, known);
      };
    }

    @JsonValue
    public String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Splits texts into words and compares their n-grams. */
  static final class Words {
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

    /** F1 of n-grams, as in Google's rouge_score without stemming. */
    static double rouge(int n, List<String> given, List<String> known) {
      int common = common(runs(n, given), runs(n, known));
      int all = count(n, given) + count(n, known);
      return all == 0 ? 0 : 2.0 * common / all;
    }

    /** The lesser of precision and recall over all n-grams of one to four words. */
    static double gleu(List<String> given, List<String> known) {
      int common = 0;
      int inGiven = 0;
      int inKnown = 0;
      for (int n = 1; n <= LONGEST_OF_GLEU; n++) {
        common += common(runs(n, given), runs(n, known));
        inGiven += count(n, given);
        inKnown += count(n, known);
      }
      int most = Math.max(inGiven, inKnown);
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

  /** Longest common subsequences, 64 elements at a time (Hyyrö 2004). */
  static final class Subsequence {
    private Subsequence() {}

    /**
     * Twice the length of the longest common subsequence over the sum of both lengths; 1 where both
     * are empty.
     */
    static <T> double ratio(List<T> one, List<T> other) {
      int all = one.size() + other.size();
      return all == 0 ? 1 : 2.0 * length(one, other) / all;
    }

    /** A zero bit of {@code rows} is a place where the length grows. */
    static <T> int length(List<T> one, List<T> other) {
      int words = (one.size() + 63) / 64;
      Map<T, long[]> places = new HashMap<>();
      for (int i = 0; i < one.size(); i++) {
        places.computeIfAbsent(one.get(i), each -> new long[words])[i / 64] |= 1L << i % 64;
      }
      long[] rows = new long[words];
      Arrays.fill(rows, -1);
      for (T each : other) {
        long[] matches = places.get(each);
        if (matches != null) step(rows, matches);
      }
      int grown = 0;
      for (long each : rows) grown += Long.bitCount(~each);
      return grown;
    }

    /** rows = (rows + (rows and matches)) or (rows and not matches), over all words. */
    private static void step(long[] rows, long[] matches) {
      long carry = 0;
      for (int i = 0; i < rows.length; i++) {
        long hit = rows[i] & matches[i];
        long sum = rows[i] + hit;
        long more = sum + carry;
        boolean over = Long.compareUnsigned(sum, hit) < 0 || Long.compareUnsigned(more, carry) < 0;
        rows[i] = more | (rows[i] & ~matches[i]);
        carry = over ? 1 : 0;
      }
    }
  }
}
