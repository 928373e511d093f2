package dev.graft.inference.api.completions;

import dev.graft.inference.api.CompletionUsage;
import dev.graft.inference.api.GenerationChunks;
import dev.graft.inference.generation.OngoingGeneration;
import dev.graft.inference.generation.StreamOptions;
import dev.graft.inference.protocol.Reply;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** {@code text_completion} objects that hold a part each. */
record TextCompletionChunks(OngoingGeneration.Head head, StreamOptions options, boolean logprobs)
    implements GenerationChunks {
  @Override
  public Optional<ObjectNode> begin(int choice) {
    return Optional.empty();
  }

  @Override
  public ObjectNode text(Reply.Piece piece) {
    TextCompletionLogprobs scores = logprobs ? TextCompletionLogprobs.of(piece.scores()) : null;
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
    return chunk.putPOJO("usage", CompletionUsage.of(done));
  }

  private ObjectNode chunk(TextCompletion.Choice choice) {
    ObjectNode chunk = head.frame(TextCompletion.OBJECT);
    chunk.putArray("choices").addPOJO(choice);
    return options.includeUsage() ? chunk.putNull("usage") : chunk;
  }
}
