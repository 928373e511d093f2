package dev.graft.inference.child;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One line from the server to the inferrer: answer this conversation, greedily.
 *
 * @param id echoed in the {@link Reply}
 * @param adapter directory of the PEFT adapter to put on the base, or null for the base alone
 * @param maxTokens bound on new tokens that the caller asked for, or null
 * @param defaultMaxTokens bound where the caller asked for none; cut to what the context leaves
 * @param stop strings that end the answer; they are not part of it
 */
public record Ask(
    long id,
    @Nullable String adapter,
    List<Turn> messages,
    @Nullable Integer maxTokens,
    int defaultMaxTokens,
    List<String> stop) {
  public Ask {
    messages = List.copyOf(messages);
    stop = List.copyOf(stop);
  }

  /**
   * One turn of the conversation; the role is {@code system}, {@code user} or {@code assistant}.
   */
  public record Turn(String role, String content) {}
}
