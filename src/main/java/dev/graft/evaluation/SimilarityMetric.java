package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;

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
    List<String> said = Words.of(answer);
    List<String> known = Words.of(reference);
    return switch (this) {
      case FUZZY_MATCH -> throw new IllegalStateException("is of characters");
      case GLEU -> Words.gleu(said, known);
      case ROUGE_1 -> Words.rouge(1, said, known);
      case ROUGE_2 -> Words.rouge(2, said, known);
      case ROUGE_3 -> Words.rouge(3, said, known);
      case ROUGE_4 -> Words.rouge(4, said, known);
      case ROUGE_5 -> Words.rouge(5, said, known);
      case ROUGE_L -> said.isEmpty() || known.isEmpty() ? 0 : Subsequence.ratio(said, known);
    };
  }

  @JsonValue
  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }
}
