package dev.graft.inference;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Log-probabilities of a text's tokens, as completions have them: lists of equal length.
 *
 * @param tokenLogprobs null at the first token of an echoed prompt
 * @param topLogprobs by token, the token itself included; null where there is none
 * @param textOffset in code points of the choice's text
 */
record TextCompletionLogprobs(
    List<String> tokens,
    List<@Nullable Double> tokenLogprobs,
    List<@Nullable Map<String, Double>> topLogprobs,
    List<Integer> textOffset) {
  static TextCompletionLogprobs of(List<TokenScore> scores) {
    List<String> tokens = new ArrayList<>();
    List<@Nullable Double> own = new ArrayList<>();
    List<@Nullable Map<String, Double>> top = new ArrayList<>();
    List<Integer> offsets = new ArrayList<>();
    for (TokenScore score : scores) {
      String token = name(score.bytes());
      Double logProbability = score.logProbability();
      tokens.add(token);
      own.add(logProbability == null ? null : (Double) TokenText.finite(logProbability));
      top.add(logProbability == null ? null : top(score, token, logProbability));
      offsets.add(score.offset());
    }
    return new TextCompletionLogprobs(tokens, own, top, offsets);
  }

  private static Map<String, Double> top(TokenScore score, String token, double logProbability) {
    Map<String, Double> top = new LinkedHashMap<>();
    for (TokenScore.Candidate each : score.top()) {
      top.putIfAbsent(name(each.bytes()), TokenText.finite(each.logProbability()));
    }
    top.putIfAbsent(token, TokenText.finite(logProbability));
    return top;
  }

  private static String name(byte[] bytes) {
    TokenText text = TokenText.of(bytes);
    return text.whole() ? text.escaped() : "bytes:" + text.escaped();
  }
}
