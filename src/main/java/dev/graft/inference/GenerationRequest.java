package dev.graft.inference;

import java.util.List;

/**
 * What a chat or a completion asks for, checked.
 *
 * @param prompts answered one after the other; the choices of all are numbered through
 */
record GenerationRequest(String model, List<Prompt> prompts, Decoding decoding) {
  /** Choices to all prompts together. */
  public int choices() {
    return prompts.size() * decoding.choices();
  }

  public boolean logprobs() {
    return decoding.topLogprobs() != null;
  }
}
