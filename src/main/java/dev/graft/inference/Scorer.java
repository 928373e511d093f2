package dev.graft.inference;

import dev.graft.model.LogProbabilities;
import java.util.List;

/**
 * Scores tokens by the model's own distribution.
 *
 * @param top how many candidates a score names
 */
record Scorer(ChatText text, int top) {
  /**
   * @param logits (vocabulary) that the model had in the token's place
   * @param offset code points before it
   */
  TokenScore score(int id, float[] logits, int offset) {
    LogProbabilities all = new LogProbabilities(logits);
    List<TokenScore.Candidate> best =
        all.top(top).stream()
            .map(each -> new TokenScore.Candidate(text.bytes(each.id()), each.logProbability()))
            .toList();
    return new TokenScore(text.bytes(id), all.of(id).logProbability(), offset, best);
  }

  /** Of a text's first token, which nothing is before. */
  TokenScore first(int id) {
    return new TokenScore(text.bytes(id), null, 0, List.of());
  }
}
