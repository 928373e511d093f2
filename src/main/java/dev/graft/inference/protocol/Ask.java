package dev.graft.inference.protocol;

import dev.graft.training.generation.Sampling;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Answer this prompt.
 *
 * @param id echoed in each {@link Reply}
 * @param adapter directory of the PEFT adapter to put on the base, or null for the base alone
 * @param echo each answer begins with the prompt's own text
 * @param maxTokens bound on new tokens of a choice that the caller asked for, or null
 * @param defaultMaxTokens bound where the caller asked for none; cut to what the context leaves
 * @param choices how many answers, one after the other
 * @param stop strings that end an answer; they are not part of it
 * @param topLogprobs how many candidates each token's score names, or null for no scores
 */
public record Ask(
    long id,
    @Nullable String adapter,
    Prompt prompt,
    boolean echo,
    @Nullable Integer maxTokens,
    int defaultMaxTokens,
    int choices,
    Sampling sampling,
    List<String> stop,
    @Nullable Integer topLogprobs)
    implements InferrerOrder {
  public Ask {
    stop = List.copyOf(stop);
  }

  /** The same under another id. */
  public Ask numbered(long other) {
    return as(other, adapter);
  }

  /** The same with an adapter on the base. */
  public Ask wearing(String directory) {
    return as(id, directory);
  }

  private Ask as(long number, @Nullable String directory) {
    return new Ask(
        number,
        directory,
        prompt,
        echo,
        maxTokens,
        defaultMaxTokens,
        choices,
        sampling,
        stop,
        topLogprobs);
  }
}
