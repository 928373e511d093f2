package dev.graft.inference;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;

/**
 * Answer this prompt: {@link Reply.Piece pieces}, then {@link Reply.Done}.
 *
 * @param defaultMaxTokens bound where the caller asked for none; cut to what the context leaves
 */
record GenerateAsk(
    long id,
    @Nullable String adapter,
    Prompt prompt,
    int defaultMaxTokens,
    @JsonUnwrapped Decoding decoding)
    implements Ask {
  @Override
  public GenerateAsk numbered(long other) {
    return new GenerateAsk(other, adapter, prompt, defaultMaxTokens, decoding);
  }

  @Override
  public GenerateAsk wearing(String directory) {
    return new GenerateAsk(id, directory, prompt, defaultMaxTokens, decoding);
  }
}
