package dev.graft.text.row;

import dev.graft.text.row.RowReader.BadRow;
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
    List<Map<String, Object>> messages = beginning(row);
    messages.add(message("user", question));
    messages.add(message("assistant", answer));
    return row(messages, null);
  }

  private static Map<String, Object> conversation(Map<?, ?> row, UnknownKeys unknown) {
    unknown.only(row, Set.of("conversations", "system", "tools"));
    List<Map<String, Object>> messages = beginning(row);
    List<?> turns = MessageShape.list("conversations", row.get("conversations"));
    for (int i = 0; i < turns.size(); i++) {
      String where = "conversations[" + i + "]";
      Map<?, ?> turn = MessageShape.object(turns.get(i), where);
      unknown.only(turn, Set.of("from", "value", "weight"), where + " ");
      String role = ROLES.get(RowShape.string(turn, "from", where + "."));
      if (role == null) {
        throw new BadRow(
            where + ".from must be human, gpt, system or tool (or user, assistant, observation)");
      }
      Map<String, Object> message = message(role, RowShape.string(turn, "value", where + "."));
      Object weight = turn.get("weight");
      if (weight != null) message.put("weight", weight);
      messages.add(message);
    }
    return row(messages, RowShape.tools(row));
  }

  /** The system turn, if there is one. */
  private static List<Map<String, Object>> beginning(Map<?, ?> row) {
    List<Map<String, Object>> messages = new ArrayList<>();
    String system = row.get("system") == null ? "" : RowShape.string(row, "system", "");
    if (!system.isEmpty()) messages.add(message("system", system));
    return messages;
  }

  private static Map<String, Object> message(String role, String content) {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("role", role);
    message.put("content", content);
    return message;
  }

  private static Map<String, Object> row(
      List<Map<String, Object>> messages, @Nullable List<?> tools) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("messages", messages);
    if (tools != null) row.put("tools", tools);
    return row;
  }
}
