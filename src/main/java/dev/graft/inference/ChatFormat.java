package dev.graft.inference;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code chat.completion} objects; in chunks a role, then text, then why it ended. */
record ChatFormat(boolean logprobs) implements CompletionFormat {
  /**
   * @param finishReason {@code stop}: the model or a stop string ended the answer; {@code length}:
   *     the token bound did
   */
  record Choice(
      int index, AssistantMessage message, @Nullable ChatLogprobs logprobs, String finishReason) {}

  record AssistantMessage(String role, String content, @Nullable String refusal) {}

  @Override
  public String idPrefix() {
    return "chatcmpl-";
  }

  @Override
  public String object() {
    return "chat.completion";
  }

  @Override
  public String chunkObject() {
    return "chat.completion.chunk";
  }

  @Override
  public Object whole(int choice, OngoingGeneration.Choice answer) {
    AssistantMessage message = new AssistantMessage("assistant", answer.text(), null);
    return new Choice(choice, message, logprobs(answer.scores()), answer.end().wire());
  }

  @Override
  public Optional<Object> begin(int choice) {
    ObjectNode delta = JsonNodeFactory.instance.objectNode();
    delta.put("role", "assistant").put("content", "").putNull("refusal");
    return Optional.of(chunk(choice, delta, null, null));
  }

  @Override
  public Object text(Reply.Piece piece) {
    ObjectNode delta = JsonNodeFactory.instance.objectNode().put("content", piece.text());
    return chunk(piece.choice(), delta, logprobs(piece.scores()), null);
  }

  @Override
  public Object end(int choice, Reply.End end) {
    return chunk(choice, JsonNodeFactory.instance.objectNode(), null, end.wire());
  }

  private static ObjectNode chunk(
      int choice, ObjectNode delta, @Nullable ChatLogprobs logprobs, @Nullable String end) {
    ObjectNode chunk = JsonNodeFactory.instance.objectNode().put("index", choice);
    chunk.putPOJO("logprobs", logprobs).put("finish_reason", end).set("delta", delta);
    return chunk;
  }

  private @Nullable ChatLogprobs logprobs(List<TokenScore> scores) {
    return logprobs ? ChatLogprobs.of(scores) : null;
  }
}
