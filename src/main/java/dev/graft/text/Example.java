package dev.graft.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One row of a training file, checked but not yet rendered. */
public sealed interface Example {
  /** Returns the line number in the file, from 1. */
  long line();

  /** The kind of rows in a file; all rows of a file have the same kind. */
  enum Kind {
    CHAT("a chat row"),
    CHAT_COMPLETION("a chat prompt/completion row"),
    PROMPT_COMPLETION("a prompt/completion row"),
    TEXT("a text row"),
    PREFERENCE("a preference row"),
    LABEL("a text with a label"),
    LABELS("a text with a list of labels");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /** Returns the kind for messages, with its article. */
    public String words() {
      return words;
    }
  }

  default Kind kind() {
    return switch (this) {
      case Chat chat -> Kind.CHAT;
      case ChatPromptCompletion pair -> Kind.CHAT_COMPLETION;
      case PromptCompletion pair -> Kind.PROMPT_COMPLETION;
      case Text text -> Kind.TEXT;
      case PreferencePair pair -> Kind.PREFERENCE;
      case Labelled labelled -> labelled.label() instanceof Label.Names ? Kind.LABELS : Kind.LABEL;
    };
  }

  /** Whether a turn of the assistant calls tools. */
  default boolean callsTools() {
    return switch (this) {
      case Chat chat -> chat.messages().stream().anyMatch(Chat::callsTools);
      case ChatPromptCompletion pair -> pair.whole().callsTools();
      case PreferencePair pair -> pair.chosen().callsTools() || pair.rejected().callsTools();
      case PromptCompletion _, Text _, Labelled _ -> false;
    };
  }

  /**
   * @param messages role and content of each turn, and its tool_calls, name and weight if given
   */
  record Chat(long line, List<Map<String, Object>> messages, @Nullable List<?> tools)
      implements Example {
    /** Returns a chat of the first turns, of which those before {@code from} do not train. */
    public Chat training(int from, int turns) {
      List<Map<String, Object>> kept = new ArrayList<>(messages.subList(0, turns));
      for (int i = 0; i < from; i++) {
        if (!trains(kept.get(i))) continue;
        Map<String, Object> silent = new LinkedHashMap<>(kept.get(i));
        silent.put("weight", 0);
        kept.set(i, silent);
      }
      return new Chat(line, kept, tools);
    }

    /** Whether there is an assistant's turn whose weight is not 0. */
    public boolean trains() {
      return messages.stream().anyMatch(Chat::trains);
    }

    /** Whether a turn is the assistant's and its weight is not 0. */
    public static boolean trains(Map<String, Object> turn) {
      return "assistant".equals(turn.get("role")) && !Integer.valueOf(0).equals(turn.get("weight"));
    }

    /** Whether a turn calls tools. */
    public static boolean callsTools(Map<String, Object> turn) {
      return turn.get("tool_calls") instanceof List<?> calls && !calls.isEmpty();
    }

    /**
     * Returns the assistant's last turn as the completion, without the turns after it.
     *
     * @return null if the assistant has no turn
     */
    public @Nullable ChatPromptCompletion lastAnswer() {
      for (int i = messages.size() - 1; i >= 0; i--) {
        if ("assistant".equals(messages.get(i).get("role"))) {
          return new ChatPromptCompletion(
              line, messages.subList(0, i), messages.subList(i, i + 1), tools);
        }
      }
      return null;
    }
  }

  /** A prompt with a completion. */
  sealed interface Completion extends Example {}

  record ChatPromptCompletion(
      long line,
      List<Map<String, Object>> prompt,
      List<Map<String, Object>> completion,
      @Nullable List<?> tools)
      implements Completion {
    public Chat whole() {
      List<Map<String, Object>> messages = new ArrayList<>(prompt);
      messages.addAll(completion);
      return new Chat(line, messages, tools);
    }
  }

  record PromptCompletion(long line, String prompt, String completion) implements Completion {}

  record Text(long line, String text) implements Example {}

  /** A text with its label. */
  record Labelled(long line, String text, Label label) implements Example {}

  /** A prompt with two completions, of which the first is preferred. */
  record PreferencePair(long line, Completion chosen, Completion rejected) implements Example {}
}
