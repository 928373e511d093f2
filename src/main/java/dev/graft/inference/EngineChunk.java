package dev.graft.inference;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** One event of an engine's stream, of a chat or a completion. */
record EngineChunk(JsonNode json) {
  /** Null if the event is none of a choice, or has nothing new. */
  Reply.@Nullable Piece piece(long id, int choice) {
    JsonNode only = json.path("choices").path(0);
    if (only.isMissingNode()) return null;
    JsonNode text = only.has("delta") ? only.path("delta").path("content") : only.path("text");
    Reply.End end =
        switch (only.path("finish_reason").asString("")) {
          case "" -> null;
          case "length" -> Reply.End.LENGTH;
          default -> Reply.End.STOP;
        };
    List<TokenScore> scores = scores(only.path("logprobs"));
    String more = text.asString("");
    if (more.isEmpty() && scores.isEmpty() && end == null) return null;
    return new Reply.Piece(id, choice, more, scores, end);
  }

  int promptTokens() {
    return json.path("usage").path("prompt_tokens").asInt(0);
  }

  int completionTokens() {
    return json.path("usage").path("completion_tokens").asInt(0);
  }

  /** What an engine says instead, where it has begun to answer already. */
  boolean isError() {
    return json.has("error");
  }

  private static List<TokenScore> scores(JsonNode logprobs) {
    List<TokenScore> scores = new ArrayList<>();
    for (JsonNode token : logprobs.path("content")) {
      List<TokenScore.Candidate> top = new ArrayList<>();
      for (JsonNode each : token.path("top_logprobs")) {
        top.add(new TokenScore.Candidate(bytes(each), each.path("logprob").asDouble(0)));
      }
      scores.add(new TokenScore(bytes(token), token.path("logprob").asDouble(0), 0, top));
    }
    JsonNode tokens = logprobs.path("tokens");
    for (int i = 0; i < tokens.size(); i++) {
      List<TokenScore.Candidate> top = new ArrayList<>();
      logprobs
          .path("top_logprobs")
          .path(i)
          .properties()
          .forEach(
              each ->
                  top.add(
                      new TokenScore.Candidate(utf8(each.getKey()), each.getValue().asDouble(0))));
      JsonNode own = logprobs.path("token_logprobs").path(i);
      scores.add(
          new TokenScore(
              utf8(tokens.path(i).asString("")),
              own.isNumber() ? (Double) own.doubleValue() : null,
              logprobs.path("text_offset").path(i).asInt(0),
              top));
    }
    return scores;
  }

  private static byte[] bytes(JsonNode token) {
    JsonNode listed = token.path("bytes");
    if (!listed.isArray()) return utf8(token.path("token").asString(""));
    byte[] bytes = new byte[listed.size()];
    for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) listed.path(i).asInt(0);
    return bytes;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
