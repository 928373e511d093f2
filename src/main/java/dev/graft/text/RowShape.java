package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a row must look like: OpenAI's formats, TRL's, those of Alpaca and ShareGPT. */
final class RowShape {
  private static final String CONVERT =
      "make chat rows of the file with `graft files convert` or POST /v1/files/{id}/convert";

  private RowShape() {}

  /**
   * @param unknown may take keys out of the row
   */
  static Example example(long line, Map<?, ?> map, UnknownKeys unknown) {
    if (map.containsKey("messages")) {
      unknown.only(map, Set.of("messages", "tools", "parallel_tool_calls"));
      List<Map<String, Object>> messages =
          MessageShape.messages("messages", map.get("messages"), unknown);
      if (!MessageShape.assistantSpeaks(messages)) {
        throw new BadRow("has no assistant turn to learn from");
      }
      return new Example.Chat(line, messages, tools(map));
    }
    if (map.containsKey("conversations")) {
      return new Example.Chat(
          line, MessageShape.conversation(map, unknown, role -> role), tools(map));
    }
    if (map.containsKey("instruction")) return instruction(line, map, unknown);
    if (PreferenceShape.fits(map)) return PreferenceShape.example(line, map, unknown);
    if (map.containsKey("prompt") || map.containsKey("completion")) {
      return completion(line, map, unknown);
    }
    if (LabelShape.fits(map)) return LabelShape.example(line, map, unknown);
    if (map.containsKey("text")) {
      unknown.only(map, Set.of("text"));
      return new Example.Text(line, string(map, "text", ""));
    }
    if (RowFormat.of(map) == RowFormat.QUESTION_ANSWER) {
      throw new BadRow("is a question and its answer, which no job learns from: " + CONVERT);
    }
    throw new BadRow(
        "has neither messages, nor prompt and completion, nor text (nor conversations,"
            + " instruction, chosen and rejected, label or labels)");
  }

  private static Example completion(long line, Map<?, ?> map, UnknownKeys unknown) {
    if (map.get("prompt") instanceof List<?> || map.get("completion") instanceof List<?>) {
      unknown.only(map, Set.of("prompt", "completion", "tools", "parallel_tool_calls"));
      List<Map<String, Object>> completion =
          MessageShape.messages("completion", map.get("completion"), unknown);
      if (!MessageShape.assistantSpeaks(completion)) {
        throw new BadRow("completion has no assistant turn to learn from");
      }
      return new Example.ChatPromptCompletion(
          line,
          MessageShape.messages("prompt", map.get("prompt"), unknown),
          completion,
          tools(map));
    }
    unknown.only(map, Set.of("prompt", "completion"));
    return new Example.PromptCompletion(
        line, string(map, "prompt", ""), string(map, "completion", ""));
  }

  /** Alpaca's: the instruction, and its input on the next line, are what the user says. */
  private static Example instruction(long line, Map<?, ?> map, UnknownKeys unknown) {
    unknown.only(map, Set.of("instruction", "input", "output", "system"));
    Map<String, Object> user = Map.of("role", "user", "content", instruction(map));
    Map<String, Object> answer = Map.of("role", "assistant", "content", string(map, "output", ""));
    List<Map<String, Object>> prompt =
        map.get("system") == null
            ? List.of(user)
            : List.of(Map.of("role", "system", "content", string(map, "system", "")), user);
    return new Example.ChatPromptCompletion(line, prompt, List.of(answer), null);
  }

  /** What the user says in a row of Alpaca's. */
  static String instruction(Map<?, ?> map) {
    String input = map.get("input") == null ? "" : string(map, "input", "");
    String instruction = string(map, "instruction", "");
    return input.isEmpty() ? instruction : instruction + "\n" + input;
  }

  static String string(Map<?, ?> map, String key, String where) {
    if (map.get(key) instanceof String text) return text;
    throw new BadRow(where + key + " must be a string");
  }

  static @Nullable List<?> tools(Map<?, ?> map) {
    Object tools = map.get("tools");
    if (tools == null) return null;
    if (tools instanceof List<?> list) return list;
    throw new BadRow("tools must be a list");
  }

  /** Refuses half surrogates and the two noncharacters that mark spans, anywhere in the row. */
  static void checkText(@Nullable Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        map.keySet().forEach(RowShape::checkText);
        map.values().forEach(RowShape::checkText);
      }
      case List<?> list -> list.forEach(RowShape::checkText);
      case String text -> {
        boolean whole =
            text.codePoints()
                .noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
        if (!whole || GenerationTag.containsMark(text)) {
          throw new BadRow("holds half of a surrogate pair or a noncharacter");
        }
      }
      case null -> {}
      default -> {}
    }
  }
}
