package dev.graft.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One row of a training file, checked but not yet rendered. */
public sealed interface Example {
  /** Where it stands in its file, from 1. */
  long line();

  /** What a file holds; one kind a file. */
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

    /** With its article. */
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
      case PromptCompletion pair -> false;
      case Text text -> false;
      case Labelled labelled -> false;
    };
  }

  /**
   * @param messages role and content of each turn, with tool_calls, name and weight where given
   */
  record Chat(long line, List<Map<String, Object>> messages, @Nullable List<?> tools)
      implements Example {
    /** The first turns, of which those before {@code from} do not train. */
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

    /** Whether an assistant's turn is there whose weight is not 0. */
    public boolean trains() {
      return messages.stream().anyMatch(Chat::trains);
    }

    /** Whether a turn is the assistant's, and its weight is not 0. */
    public static boolean trains(Map<String, Object> turn) {
      return "assistant".equals(turn.get("role")) && !Integer.valueOf(0).equals(turn.get("weight"));
    }

    /** Whether a turn has calls of tools. */
    public static boolean callsTools(Map<String, Object> turn) {
      return turn.get("tool_calls") instanceof List<?> calls && !calls.isEmpty();
    }

    /**
     * The turns before the last of the assistant, and this one; what follows it no loss can reach.
     *
     * @return null where the assistant says nothing
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

  /** A prompt and how it goes on. */
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

  /** A text and what it is. */
  record Labelled(long line, String text, Label label) implements Example {}

  /** One prompt that goes on in two ways, of which the first is the better one. */
  record PreferencePair(long line, Completion chosen, Completion rejected) implements Example {}
}
