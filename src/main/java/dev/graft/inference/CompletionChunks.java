package dev.graft.inference;

import dev.graft.inference.child.Reply;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** {@code text_completion} objects that hold a part each. */
record CompletionChunks(Answering.Head head, StreamOptions options, boolean logprobs)
    implements AnswerChunks {
  @Override
  public Optional<ObjectNode> begin(int choice) {
    return Optional.empty();
  }

  @Override
  public ObjectNode text(Reply.Piece piece) {
    CompletionLogprobs scores = logprobs ? CompletionLogprobs.of(piece.scores()) : null;
    return chunk(new TextCompletion.Choice(piece.text(), piece.choice(), scores, null));
  }

  @Override
  public ObjectNode end(int choice, Reply.End end) {
    return chunk(new TextCompletion.Choice("", choice, null, end.wire()));
  }

  @Override
  public ObjectNode usage(Reply.Done done) {
    ObjectNode chunk = head.frame(TextCompletion.OBJECT);
    chunk.putArray("choices");
    return chunk.putPOJO("usage", Usage.of(done));
  }

  private ObjectNode chunk(TextCompletion.Choice choice) {
    ObjectNode chunk = head.frame(TextCompletion.OBJECT);
    chunk.putArray("choices").addPOJO(choice);
    return options.includeUsage() ? chunk.putNull("usage") : chunk;
  }
}
