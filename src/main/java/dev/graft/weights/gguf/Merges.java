package dev.graft.weights.gguf;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The merges of a vocabulary in their order, each of tokens that are there. */
final class Merges {
  private static final String MERGES = "tokenizer.ggml.merges";
  private static final String SCORES = "tokenizer.ggml.scores";
  private static final int MAX_MERGES = 1 << 21;

  /** Tokens are no longer: the cuts of a longer one are too many. */
  private static final int MAX_LENGTH = 256;

  record Merge(String left, String right) {}

  private record Scored(Merge merge, float score) {}

  private Merges() {}

  /**
   * As the file has them.
   *
   * @throws dev.graft.weights.BadModel if one is of tokens that are not there
   */
  static List<Merge> stored(GgufKeys keys, GgufVocabulary vocabulary) {
    List<String> stored = keys.texts(MERGES, MAX_MERGES);
    if (stored == null) throw keys.bad(MERGES, "is missing");
    List<Merge> merges = new ArrayList<>();
    for (String each : stored) {
      int space = each.indexOf(' ', 1);
      Merge merge =
          space < 0 ? null : new Merge(each.substring(0, space), each.substring(space + 1));
      if (merge == null
          || !vocabulary.has(merge.left)
          || !vocabulary.has(merge.right)
          || !vocabulary.has(merge.left + merge.right)) {
        throw keys.bad(MERGES, "entry %d is not of two tokens".formatted(merges.size()));
      }
      merges.add(merge);
    }
    return merges;
  }

  /**
   * What SentencePiece merges: two tokens that are a third, the best score first; of equal ones the
   * longest first token, as transformers' {@code generate_merges} has them.
   *
   * @param byPosition whether scores do not count, but the order of tokens (Gemma)
   */
  static List<Merge> ofScores(GgufKeys keys, GgufVocabulary vocabulary, boolean byPosition) {
    float[] scores = keys.numbers(SCORES, GgufVocabulary.MAX_TOKENS);
    int size = vocabulary.tokens().size();
    if (scores == null || scores.length != size) {
      throw keys.bad(SCORES, "is not one number for each of %d tokens".formatted(size));
    }
    List<Scored> merges = new ArrayList<>();
    for (int id = 0; id < size; id++) {
      String token = vocabulary.tokens().get(id);
      if (token.length() > MAX_LENGTH) throw keys.bad(GgufVocabulary.TOKENS, id + " is too long");
      if (vocabulary.types()[id] != GgufVocabulary.NORMAL) continue;
      List<Scored> cuts = new ArrayList<>();
      for (int at = 1; at < token.length(); at++) {
        Merge cut = new Merge(token.substring(0, at), token.substring(at));
        if (vocabulary.has(cut.left) && vocabulary.has(cut.right)) {
          cuts.add(new Scored(cut, byPosition ? -id : scores[id]));
        }
      }
      cuts.sort(
          Comparator.<Scored>comparingInt(each -> vocabulary.ids().getOrDefault(each.merge.left, 0))
              .thenComparing(each -> vocabulary.ids().getOrDefault(each.merge.right, 0)));
      merges.addAll(cuts);
    }
    merges.sort(
        Comparator.comparing(Scored::score)
            .thenComparing(each -> length(each.merge.left))
            .thenComparing(each -> length(each.merge.right))
            .reversed());
    return merges.stream().map(Scored::merge).toList();
  }

  private static int length(String token) {
    return token.codePointCount(0, token.length());
  }
}
