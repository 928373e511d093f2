package dev.graft.inference;

import dev.graft.inference.child.Reply;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code chat.completion.chunk} objects: a role, then text, then why it ended, for each choice. */
record ChatChunks(Answering.Head head, StreamOptions options, boolean logprobs) {
  /** The first of a choice. */
  ObjectNode role(int choice) {
    ObjectNode delta = JsonNodeFactory.instance.objectNode();
    delta.put("role", "assistant").put("content", "").putNull("refusal");
    return chunk(choice, delta);
  }

  ObjectNode text(Reply.Piece piece) {
    ObjectNode delta = JsonNodeFactory.instance.objectNode().put("content", piece.text());
    ObjectNode chunk = chunk(piece.choice(), delta);
    if (logprobs) only(chunk).putPOJO("logprobs", ChatLogprobs.of(piece.scores()));
    return chunk;
  }

  /** The last of a choice. */
  ObjectNode end(int choice, Reply.End end) {
    ObjectNode chunk = chunk(choice, JsonNodeFactory.instance.objectNode());
    only(chunk).put("finish_reason", end.wire());
    return chunk;
  }

  /** The last of all, where it was asked for. */
  ObjectNode usage(Reply.Done done) {
    ObjectNode chunk = frame();
    chunk.putArray("choices");
    chunk.putPOJO("usage", Usage.of(done));
    return chunk;
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
    if (options.includeUsage()) chunk.putNull("usage");
    return chunk;
  }

  private static ObjectNode only(ObjectNode chunk) {
    return (ObjectNode) chunk.path("choices").path(0);
  }

  private ObjectNode frame() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", head.id())
        .put("object", "chat.completion.chunk")
        .put("created", head.created())
        .put("model", head.model())
        .put("system_fingerprint", head.fingerprint());
  }
}
