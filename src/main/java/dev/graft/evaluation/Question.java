package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.graft.inference.ModelAnswers;
import dev.graft.text.Example;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A row of a file as models are asked: a conversation or a text, and the answer that is known.
 *
 * @param messages null if it is a text
 * @param prompt null if it is a conversation
 */
record Question(@Nullable List<Turn> messages, @Nullable String prompt, String reference) {
  record Turn(String role, String content) {}

  /** Null if it cannot be asked: more than text, by others than the three roles, or too long. */
  static @Nullable Question of(Example row, int longest) {
    Example.Completion completion =
        switch (row) {
          case Example.Chat chat -> chat.lastAnswer();
          case Example.Completion pair -> pair;
          case Example.Text _, Example.Labelled _, Example.Preference _ -> null;
        };
    if (completion == null || !ModelAnswers.takes(completion)) return null;
    Question question = of(completion);
    return question.length() > longest ? null : question;
  }

  private static Question of(Example.Completion pair) {
    String reference = Objects.requireNonNull(ModelAnswers.reference(pair));
    return switch (pair) {
      case Example.PromptCompletion text -> new Question(null, text.prompt(), reference);
      case Example.ChatCompletion chat ->
          new Question(
              chat.prompt().stream()
                  .map(turn -> new Turn(text(turn, "role"), text(turn, "content")))
                  .toList(),
              null,
              reference);
    };
  }

  private static String text(Map<String, Object> turn, String key) {
    return String.valueOf(turn.get(key));
  }

  private long length() {
    long length = reference.length();
    if (prompt != null) length += prompt.length();
    if (messages != null) for (Turn each : messages) length += each.content().length();
    return length;
  }

  @JsonIgnore
  Example.Completion example() {
    if (prompt != null) return new Example.PromptCompletion(1, prompt, reference);
    List<Map<String, Object>> turns =
        Objects.requireNonNull(messages).stream()
            .map(turn -> turn(turn.role(), turn.content()))
            .toList();
    return new Example.ChatCompletion(1, turns, List.of(turn("assistant", reference)), null);
  }

  private static Map<String, Object> turn(String role, String content) {
    return Map.of("role", role, "content", content);
  }
}
