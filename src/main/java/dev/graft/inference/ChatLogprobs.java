package dev.graft.inference;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Log-probabilities of an answer's tokens, as chats have them. */
record ChatLogprobs(List<Token> content, @Nullable List<Token> refusal) {
  /**
   * @param bytes of UTF-8; a token may be a part of a character
   */
  record Token(String token, double logprob, int[] bytes, List<TopLogprob> topLogprobs) {}

  record TopLogprob(String token, double logprob, int[] bytes) {}

  static ChatLogprobs of(List<TokenScore> scores) {
    return new ChatLogprobs(scores.stream().map(ChatLogprobs::token).toList(), null);
  }

  private static Token token(TokenScore score) {
    TokenText text = TokenText.of(score.bytes());
    List<TopLogprob> top =
        score.top().stream()
            .map(
                each -> {
                  TokenText other = TokenText.of(each.bytes());
                  return new TopLogprob(
                      other.escaped(), TokenText.finite(each.logProbability()), other.bytes());
                })
            .toList();
    // Chats are not echoed: only the first token of a prompt has no probability.
    double logProbability = Objects.requireNonNull(score.logProbability());
    return new Token(text.escaped(), TokenText.finite(logProbability), text.bytes(), top);
  }
}
