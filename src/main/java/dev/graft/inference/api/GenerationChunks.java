package dev.graft.inference.api;

import dev.graft.inference.protocol.Reply;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** What a streamed answer is cut into, as objects of one endpoint. */
public interface GenerationChunks {
  /** Before the first text of any choice, for each choice. */
  Optional<ObjectNode> begin(int choice);

  ObjectNode text(Reply.Piece piece);

  /** The last of a choice. */
  ObjectNode end(int choice, Reply.End end);

  /** The last of all, where it was asked for. */
  ObjectNode usage(Reply.Done done);
}
