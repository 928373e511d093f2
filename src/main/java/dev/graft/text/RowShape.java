package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a row must look like: OpenAI's chat and completion formats, and plain text. */
final class RowShape {
  private static final int MAX_MESSAGES = 1024;
  private static final Set<String> ROLES =
      Set.of("system", "user", "assistant", "tool", "developer");
  private static final Set<String> MESSAGE_KEYS =
      Set.of(
          "role", "content", "name", "weight", "tool_calls", "tool_call_id", "reasoning_content");

  private RowShape() {}

  static Example example(long line, @Nullable Object row) {
    if (!(row instanceof Map<?, ?> map)) throw new BadRow("is not a JSON object");
    checkText(map);
    if (map.containsKey("messages")) {
      only(map, Set.of("messages", "tools", "parallel_tool_calls"));
      return new Example.Chat(line, messages(map.get("messages")), tools(map.get("tools")));
    }
    if (map.containsKey("prompt") || map.containsKey("completion")) {
      only(map, Set.of("prompt", "completion"));
      return new Example.PromptCompletion(
          line, string(map, "prompt", ""), string(map, "completion", ""));
    }
    if (map.containsKey("text")) {
      only(map, Set.of("text"));
      return new Example.Text(line, string(map, "text", ""));
    }
    throw new BadRow("has neither messages, nor prompt and completion, nor text");
  }

  private static void only(Map<?, ?> map, Set<String> keys) {
    for (Object key : map.keySet()) {
      if (!keys.contains(key)) throw new BadRow("has an unknown key: " + shown(key));
    }
  }

  private static String shown(Object key) {
    String name = String.valueOf(key).replaceAll("[^\\w.-]", "?");
    return name.length() > 40 ? name.substring(0, 40) + "..." : name;
  }

  private static String string(Map<?, ?> map, String key, String where) {
    if (map.get(key) instanceof String text) return text;
    throw new BadRow(where + key + " must be a string");
  }

  private static @Nullable List<?> tools(@Nullable Object tools) {
    if (tools == null) return null;
    if (tools instanceof List<?> list) return list;
    throw new BadRow("tools must be a list");
  }

  private static List<Map<String, Object>> messages(@Nullable Object value) {
    if (!(value instanceof List<?> list) || list.isEmpty() || list.size() > MAX_MESSAGES) {
      throw new BadRow("messages must be a list of 1 to " + MAX_MESSAGES + " turns");
    }
    List<Map<String, Object>> messages = new ArrayList<>();
    boolean assistant = false;
    for (int i = 0; i < list.size(); i++) {
      Map<String, Object> message = message(list.get(i), "messages[" + i + "]");
      assistant |= "assistant".equals(message.get("role"));
      messages.add(message);
    }
    if (!assistant) throw new BadRow("has no assistant turn to learn from");
    return List.copyOf(messages);
  }

  private static Map<String, Object> message(@Nullable Object value, String where) {
    if (!(value instanceof Map<?, ?> map)) throw new BadRow(where + " must be an object");
    Map<String, Object> message = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      String key = String.valueOf(entry.getKey());
      if (!MESSAGE_KEYS.contains(key)) {
        throw new BadRow(where + " has an unknown key: " + shown(key));
      }
      if (entry.getValue() != null) message.put(key, entry.getValue());
    }
    String role = string(map, "role", where + ".");
    if (!ROLES.contains(role)) {
      throw new BadRow(where + ".role must be system, user, assistant, tool or developer");
    }
    // OpenAI's newer word for the same turn; templates know the older one
    message.put("role", role.equals("developer") ? "system" : role);
    Object weight = map.get("weight");
    if (weight != null && !weight.equals(0) && !weight.equals(1)) {
      throw new BadRow(where + ".weight must be 0 or 1");
    }
    boolean calls = role.equals("assistant") && message.get("tool_calls") instanceof List<?>;
    if (message.containsKey("tool_calls") && !calls) {
      throw new BadRow(where + ".tool_calls must be a list, in an assistant turn");
    }
    message.put("content", content(map.get("content"), calls, where));
    return message;
  }

  /** A string; text parts are put together as OpenAI does. */
  private static String content(@Nullable Object content, boolean mayLack, String where) {
    if (content instanceof String text) return text;
    if (content == null && mayLack) return "";
    if (!(content instanceof List<?> parts)) throw new BadRow(where + ".content must be a string");
    StringBuilder text = new StringBuilder();
    for (Object part : parts) {
      if (part instanceof Map<?, ?> map
          && "text".equals(map.get("type"))
          && map.get("text") instanceof String piece) {
        text.append(piece);
      } else {
        throw new BadRow(where + ".content may hold parts of type text only");
      }
    }
    return text.toString();
  }

  /** Refuses half surrogates and the two noncharacters that mark spans, anywhere in the row. */
  private static void checkText(@Nullable Object value) {
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
