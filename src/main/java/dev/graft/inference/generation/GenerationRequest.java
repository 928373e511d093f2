package dev.graft.inference.generation;

import dev.graft.inference.protocol.Prompt;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a chat or a completion asks for, checked.
 *
 * @param prompts answered one after the other; the choices of all are numbered through
 * @param stream null if the answer comes whole
 */
public record GenerationRequest(
    String model, List<Prompt> prompts, Decoding decoding, @Nullable StreamOptions stream) {
  /** Choices to all prompts together. */
  public int choices() {
    return prompts.size() * decoding.choices();
  }

  public boolean logprobs() {
    return decoding.topLogprobs() != null;
  }
}
