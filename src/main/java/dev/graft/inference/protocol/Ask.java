package dev.graft.inference.protocol;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;

/**
 * Answer this prompt.
 *
 * @param id echoed in each {@link Reply}
 * @param adapter directory of the PEFT adapter to put on the base, or null for the base alone
 * @param defaultMaxTokens bound where the caller asked for none; cut to what the context leaves
 */
public record Ask(
    long id,
    @Nullable String adapter,
    Prompt prompt,
    int defaultMaxTokens,
    @JsonUnwrapped Decoding decoding)
    implements InferrerOrder {
  /** The same under another id. */
  public Ask numbered(long other) {
    return new Ask(other, adapter, prompt, defaultMaxTokens, decoding);
  }

  /** The same with an adapter on the base. */
  public Ask wearing(String directory) {
    return new Ask(id, directory, prompt, defaultMaxTokens, decoding);
  }
}
