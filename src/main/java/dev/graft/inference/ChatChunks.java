package dev.graft.inference;

import dev.graft.inference.child.Reply;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code chat.completion.chunk} objects: a role, then text, then why it ended, for each choice. */
record ChatChunks(Answering.Head head, StreamOptions options) {
  /** The first of a choice. */
  ObjectNode role(int choice) {
    ObjectNode delta = JsonNodeFactory.instance.objectNode();
    delta.put("role", "assistant").put("content", "").putNull("refusal");
    return chunk(choice, delta, null);
  }

  ObjectNode text(Reply.Piece piece) {
    return chunk(
        piece.choice(), JsonNodeFactory.instance.objectNode().put("content", piece.text()), null);
  }

  /** The last of a choice. */
  ObjectNode end(int choice, Reply.End end) {
    return chunk(choice, JsonNodeFactory.instance.objectNode(), end);
  }

  /** The last of all, where it was asked for. */
  ObjectNode usage(Reply.Done done) {
    ObjectNode chunk = frame();
    chunk.putArray("choices");
    chunk.putPOJO("usage", Usage.of(done));
    return chunk;
  }

  private ObjectNode chunk(int choice, ObjectNode delta, Reply.@Nullable End end) {
    ObjectNode chunk = frame();
    ObjectNode only = chunk.putArray("choices").addObject();
    only.put("index", choice);
    only.set("delta", delta);
    only.putNull("logprobs");
    only.put("finish_reason", end == null ? null : end.wire());
    if (options.includeUsage()) chunk.putNull("usage");
    return chunk;
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
