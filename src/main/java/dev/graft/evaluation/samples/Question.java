package dev.graft.evaluation.samples;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.graft.inference.ReferenceAnswer;
import dev.graft.text.row.Example;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A row of a file as models are asked: a conversation or a text, and the answer that is known.
 *
 * @param messages null if it is a text
 * @param prompt null if it is a conversation
 */
public record Question(@Nullable List<Turn> messages, @Nullable String prompt, String reference) {
  public record Turn(String role, String content) {}

  /**
   * Null if it cannot be asked: more than text, by others than the three roles, too long, or with
   * U+0000, which PostgreSQL has in no text.
   */
  static @Nullable Question of(Example row, int longest) {
    Example.Completion completion =
        switch (row) {
          case Example.Chat chat -> chat.lastAnswer();
          case Example.Completion pair -> pair;
          case Example.Text _, Example.Labelled _, Example.PreferencePair _ -> null;
        };
    if (completion == null || !ReferenceAnswer.isAskable(completion)) return null;
    Question question = of(completion);
    boolean fits = question.texts().mapToLong(String::length).sum() <= longest;
    return fits && question.texts().noneMatch(text -> text.indexOf('\0') >= 0) ? question : null;
  }

  private static Question of(Example.Completion pair) {
    String reference = Objects.requireNonNull(ReferenceAnswer.reference(pair));
    return switch (pair) {
      case Example.PromptCompletion text -> new Question(null, text.prompt(), reference);
      case Example.ChatPromptCompletion chat ->
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

  private Stream<String> texts() {
    Stream<String> before =
        prompt != null
            ? Stream.of(prompt)
            : Objects.requireNonNull(messages).stream().map(Turn::content);
    return Stream.concat(before, Stream.of(reference));
  }

  @JsonIgnore
  public Example.Completion example() {
    if (prompt != null) return new Example.PromptCompletion(1, prompt, reference);
    List<Map<String, Object>> turns =
        Objects.requireNonNull(messages).stream()
            .map(turn -> turn(turn.role(), turn.content()))
            .toList();
    return new Example.ChatPromptCompletion(1, turns, List.of(turn("assistant", reference)), null);
  }

  private static Map<String, Object> turn(String role, String content) {
    return Map.of("role", role, "content", content);
  }
}
