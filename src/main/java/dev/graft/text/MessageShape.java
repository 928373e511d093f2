package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What the turns of a chat must look like. */
final class MessageShape {
  private static final int MAX_MESSAGES = 1024;
  private static final Set<String> ROLES =
      Set.of("system", "user", "assistant", "tool", "developer");
  private static final Set<String> KEYS =
      Set.of(
          "role", "content", "name", "weight", "tool_calls", "tool_call_id", "reasoning_content");

  private MessageShape() {}

  /** OpenAI's turns. */
  static List<Map<String, Object>> messages(
      String key, @Nullable Object value, UnknownKeys unknown) {
    List<?> list = list(key, value);
    List<Map<String, Object>> messages = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      messages.add(message(list.get(i), key + "[" + i + "]", unknown));
    }
    return List.copyOf(messages);
  }

  /**
   * ShareGPT's turns, after the row's {@code system}.
   *
   * @param roles the role of who speaks; null = there is no such
   */
  static List<Map<String, Object>> conversation(
      Map<?, ?> row, UnknownKeys unknown, Function<String, @Nullable String> roles) {
    unknown.only(row, Set.of("conversations", "system", "tools"));
    List<Map<String, Object>> messages = new ArrayList<>(system(row));
    List<?> turns = list("conversations", row.get("conversations"));
    for (int i = 0; i < turns.size(); i++) {
      String where = "conversations[" + i + "]";
      Map<?, ?> turn = object(turns.get(i), where);
      unknown.only(turn, Set.of("from", "value", "weight"), where + " ");
      String role = roles.apply(RowShape.string(turn, "from", where + "."));
      if (role == null) {
        throw new BadRow(
            where + ".from must be human, gpt, system or tool (or user, assistant, observation)");
      }
      Map<String, Object> message = said(role, RowShape.string(turn, "value", where + "."));
      if (turn.get("weight") != null) message.put("weight", weight(turn.get("weight"), where));
      messages.add(message);
    }
    return List.copyOf(messages);
  }

  /** The system turn of a row that has its words beside the others; none if it has none. */
  static List<Map<String, Object>> system(Map<?, ?> row) {
    String system = row.get("system") == null ? "" : RowShape.string(row, "system", "");
    return system.isEmpty() ? List.of() : List.of(said("system", system));
  }

  static Map<String, Object> said(String role, String content) {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("role", role);
    message.put("content", content);
    return message;
  }

  static boolean assistantSpeaks(List<Map<String, Object>> messages) {
    return messages.stream().anyMatch(message -> "assistant".equals(message.get("role")));
  }

  static List<?> list(String key, @Nullable Object value) {
    if (value instanceof List<?> list && !list.isEmpty() && list.size() <= MAX_MESSAGES) {
      return list;
    }
    throw new BadRow(key + " must be a list of 1 to " + MAX_MESSAGES + " turns");
  }

  static Map<?, ?> object(@Nullable Object value, String where) {
    if (value instanceof Map<?, ?> map) return map;
    throw new BadRow(where + " must be an object");
  }

  private static Map<String, Object> message(
      @Nullable Object value, String where, UnknownKeys unknown) {
    Map<?, ?> map = object(value, where);
    unknown.only(map, KEYS, where + " ");
    Map<String, Object> message = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (entry.getValue() != null) message.put(String.valueOf(entry.getKey()), entry.getValue());
    }
    String role = RowShape.string(map, "role", where + ".");
    if (!ROLES.contains(role)) {
      throw new BadRow(where + ".role must be system, user, assistant, tool or developer");
    }
    // OpenAI's newer word for the same turn; templates know the older one
    message.put("role", role.equals("developer") ? "system" : role);
    if (message.containsKey("weight")) message.put("weight", weight(map.get("weight"), where));
    boolean calls = role.equals("assistant") && message.get("tool_calls") instanceof List<?>;
    if (message.containsKey("tool_calls") && !calls) {
      throw new BadRow(where + ".tool_calls must be a list, in an assistant turn");
    }
    message.put("content", content(map.get("content"), calls, where));
    return message;
  }

  /** 0 or 1; tables write 0.0 and 1.0. */
  private static int weight(@Nullable Object weight, String where) {
    if (weight instanceof Number number) {
      if (number.doubleValue() == 0) return 0;
      if (number.doubleValue() == 1) return 1;
    }
    throw new BadRow(where + ".weight must be 0 or 1");
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
}
