package dev.graft.text;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One row of a training file, checked but not yet rendered. */
public sealed interface Example {
  /** Where it stands in its file, from 1. */
  long line();

  /** What a file holds; one kind a file. */
  enum Kind {
    CHAT,
    PROMPT_COMPLETION,
    TEXT
  }

  default Kind kind() {
    return switch (this) {
      case Chat chat -> Kind.CHAT;
      case PromptCompletion pair -> Kind.PROMPT_COMPLETION;
      case Text text -> Kind.TEXT;
    };
  }

  /**
   * @param messages role and content of each turn, with tool_calls, name and weight where given
   */
  record Chat(long line, List<Map<String, Object>> messages, @Nullable List<?> tools)
      implements Example {}

  record PromptCompletion(long line, String prompt, String completion) implements Example {}

  record Text(long line, String text) implements Example {}
}
