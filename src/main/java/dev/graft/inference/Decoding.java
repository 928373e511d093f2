package dev.graft.inference;

import dev.graft.model.Sampling;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How answers are made, of chats and completions alike.
 *
 * @param echo each choice begins with the prompt's own text
 * @param maxTokens bound on new tokens of a choice, or null for the default
 * @param choices how many answers, one after the other
 * @param stop strings that end an answer; they are not part of it
 * @param topLogprobs how many candidates each token's score names, or null for no scores
 */
record Decoding(
    boolean echo,
    @Nullable Integer maxTokens,
    int choices,
    Sampling sampling,
    List<String> stop,
    @Nullable Integer topLogprobs) {
  public Decoding {
    stop = List.copyOf(stop);
  }
}
