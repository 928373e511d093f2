package dev.graft.inference;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code text_completion} objects, whole or of a part each. */
record TextCompletionFormat(boolean logprobs) implements CompletionFormat {
  /**
   * @param index prompts in order, the choices of each together
   */
  record Choice(
      String text,
      int index,
      @Nullable TextCompletionLogprobs logprobs,
      @Nullable String finishReason) {}

  @Override
  public String idPrefix() {
    return "cmpl-";
  }

  @Override
  public String object() {
    return "text_completion";
  }

  @Override
  public String chunkObject() {
    return object();
  }

  @Override
  public Object whole(int choice, OngoingGeneration.Choice answer) {
    return new Choice(answer.text(), choice, logprobs(answer.scores()), answer.end().wire());
  }

  @Override
  public Optional<Object> begin(int choice) {
    return Optional.empty();
  }

  @Override
  public Object text(Reply.Piece piece) {
    return new Choice(piece.text(), piece.choice(), logprobs(piece.scores()), null);
  }

  @Override
  public Object end(int choice, Reply.End end) {
    return new Choice("", choice, null, end.wire());
  }

  private @Nullable TextCompletionLogprobs logprobs(List<TokenScore> scores) {
    return logprobs ? TextCompletionLogprobs.of(scores) : null;
  }
}
