package dev.graft.inference;

import dev.graft.text.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A row of a file as a question with the answer that is known to it. */
public final class ReferenceAnswer {
  private ReferenceAnswer() {}

  /** Whether a question can be put to a model at all: text alone, by the three roles. */
  public static boolean isAskable(Example.Completion row) {
    return prompt(row) != null && reference(row) != null;
  }

  /** The answer that is known; null if there is none, or it is more than text. */
  public static @Nullable String reference(Example.Completion row) {
    return switch (row) {
      case Example.PromptCompletion text -> text.completion();
      case Example.ChatPromptCompletion chat -> {
        if (chat.completion().size() != 1 || isNoExample(chat.completion().getFirst())) yield null;
        Prompt.Turn turn = turn(chat.completion().getFirst());
        yield turn == null || !turn.role().equals("assistant") ? null : turn.content();
      }
    };
  }

  /** An answer with weight 0 is there to be read, not to be learned. */
  private static boolean isNoExample(Map<String, Object> message) {
    return message.get("weight") instanceof Number weight && weight.doubleValue() == 0;
  }

  public static @Nullable Prompt prompt(Example.Completion row) {
    return switch (row) {
      case Example.PromptCompletion text -> new Prompt.PlainText(text.prompt());
      case Example.ChatPromptCompletion chat -> {
        if (chat.tools() != null || chat.prompt().isEmpty()) yield null;
        List<Prompt.Turn> turns = new ArrayList<>();
        for (Map<String, Object> message : chat.prompt()) {
          Prompt.Turn turn = turn(message);
          if (turn == null) yield null;
          turns.add(turn);
        }
        yield new Prompt.Conversation(turns);
      }
    };
  }

  /** Null if it is more than a text, or by others than the three. */
  private static Prompt.@Nullable Turn turn(Map<String, Object> message) {
    String role = String.valueOf(message.get("role"));
    boolean known = role.equals("system") || role.equals("user") || role.equals("assistant");
    boolean plain = !message.containsKey("tool_calls") && !message.containsKey("reasoning_content");
    return known && plain && message.get("content") instanceof String content
        ? new Prompt.Turn(role, content)
        : null;
  }
}
