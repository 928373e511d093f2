package dev.graft.inference.api.chat;

import dev.graft.inference.api.CompletionUsage;
import dev.graft.inference.api.GenerationChunks;
import dev.graft.inference.generation.OngoingGeneration;
import dev.graft.inference.generation.StreamOptions;
import dev.graft.inference.protocol.Reply;
import java.util.Optional;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code chat.completion.chunk} objects: a role, then text, then why it ended, for each choice. */
record ChatChunks(OngoingGeneration.Head head, StreamOptions options, boolean logprobs)
    implements GenerationChunks {
  @Override
  public Optional<ObjectNode> begin(int choice) {
    ObjectNode delta = JsonNodeFactory.instance.objectNode();
    delta.put("role", "assistant").put("content", "").putNull("refusal");
    return Optional.of(chunk(choice, delta));
  }

  @Override
  public ObjectNode text(Reply.Piece piece) {
    ObjectNode delta = JsonNodeFactory.instance.objectNode().put("content", piece.text());
    ObjectNode chunk = chunk(piece.choice(), delta);
    if (logprobs) only(chunk).putPOJO("logprobs", ChatLogprobs.of(piece.scores()));
    return chunk;
  }

  @Override
  public ObjectNode end(int choice, Reply.End end) {
    ObjectNode chunk = chunk(choice, JsonNodeFactory.instance.objectNode());
    only(chunk).put("finish_reason", end.wire());
    return chunk;
  }

  @Override
  public ObjectNode usage(Reply.Done done) {
    ObjectNode chunk = frame();
    chunk.putArray("choices");
    return chunk.putPOJO("usage", CompletionUsage.of(done));
  }

  private ObjectNode chunk(int choice, ObjectNode delta) {
    ObjectNode chunk = frame();
    chunk
        .putArray("choices")
        .addObject()
        .put("index", choice)
        .putNull("logprobs")
        .putNull("finish_reason")
        .set("delta", delta);
    return options.includeUsage() ? chunk.putNull("usage") : chunk;
  }

  private static ObjectNode only(ObjectNode chunk) {
    return (ObjectNode) chunk.path("choices").path(0);
  }

  private ObjectNode frame() {
    return head.frame("chat.completion.chunk");
  }
}
