package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** OpenAI's chat row with what a row of another format says. */
final class ConvertedRow {
  /** Who speaks, by the names that exports of ShareGPT's format have. */
  private static final Map<String, String> ROLES =
      Map.ofEntries(
          Map.entry("system", "system"),
          Map.entry("human", "user"),
          Map.entry("user", "user"),
          Map.entry("gpt", "assistant"),
          Map.entry("assistant", "assistant"),
          Map.entry("chatgpt", "assistant"),
          Map.entry("bing", "assistant"),
          Map.entry("bard", "assistant"),
          Map.entry("model", "assistant"),
          Map.entry("tool", "tool"),
          Map.entry("observation", "tool"));

  private ConvertedRow() {}

  /** Throws {@link BadRow} where the row has not this format. */
  static Map<String, Object> of(RowFormat from, Map<?, ?> row, UnknownKeys unknown) {
    return switch (from) {
      case SHAREGPT -> conversation(row, unknown);
      case ALPACA -> {
        unknown.only(row, Set.of("instruction", "input", "output", "system"));
        yield asked(row, RowShape.instruction(row), RowShape.string(row, "output", ""));
      }
      case QUESTION_ANSWER -> {
        unknown.only(row, Set.of("question", "answer", "system"));
        yield asked(row, RowShape.string(row, "question", ""), RowShape.string(row, "answer", ""));
      }
    };
  }

  private static Map<String, Object> asked(Map<?, ?> row, String question, String answer) {
    List<Map<String, Object>> messages = new ArrayList<>(MessageShape.system(row));
    messages.add(MessageShape.said("user", question));
    messages.add(MessageShape.said("assistant", answer));
    return row(messages, null);
  }

  private static Map<String, Object> conversation(Map<?, ?> row, UnknownKeys unknown) {
    List<Map<String, Object>> messages = MessageShape.conversation(row, unknown, ROLES::get);
    return row(messages, RowShape.tools(row));
  }

  private static Map<String, Object> row(
      List<Map<String, Object>> messages, @Nullable List<?> tools) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("messages", messages);
    if (tools != null) row.put("tools", tools);
    return row;
  }
}
