package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads and checks rows in the formats of OpenAI, TRL, Alpaca and ShareGPT. */
final class RowShape {
  private static final String CONVERT =
      "convert the file to chat rows with `graft files convert` or POST /v1/files/{id}/convert";

  private RowShape() {}

  /**
   * @param unknown how to treat unknown keys; may remove them from the row
   */
  static Example example(long line, Map<?, ?> map, UnknownKeys unknown) {
    if (map.containsKey("messages")) {
      unknown.only(map, Set.of("messages", "tools", "parallel_tool_calls"));
      List<Map<String, Object>> messages =
          MessageShape.messages("messages", map.get("messages"), unknown);
      if (!MessageShape.assistantSpeaks(messages)) {
        throw new BadRow("has no assistant turn to train on");
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
    if (RowConversion.RowFormat.of(map) == RowConversion.RowFormat.QUESTION_ANSWER) {
      throw new BadRow("is a question and its answer, which jobs do not accept: " + CONVERT);
    }
    throw new BadRow(
        "has none of messages, prompt and completion, text, conversations, instruction, chosen and"
            + " rejected, label, labels");
  }

  private static Example completion(long line, Map<?, ?> map, UnknownKeys unknown) {
    if (map.get("prompt") instanceof List<?> || map.get("completion") instanceof List<?>) {
      unknown.only(map, Set.of("prompt", "completion", "tools", "parallel_tool_calls"));
      List<Map<String, Object>> completion =
          MessageShape.messages("completion", map.get("completion"), unknown);
      if (!MessageShape.assistantSpeaks(completion)) {
        throw new BadRow("completion has no assistant turn to train on");
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

  /**
   * Reads a row of Alpaca's: the user's turn is the instruction, with its input on the next line.
   */
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

  /** Returns the user's turn of a row of Alpaca's. */
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

  /** Refuses unpaired surrogates and the two noncharacters that mark spans, anywhere in the row. */
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
        if (!whole || ChatTemplate.GenerationTag.containsMark(text)) {
          throw new BadRow("contains an unpaired surrogate or a noncharacter");
        }
      }
      case null, default -> {}
    }
  }

  /** Rows of a classification or regression: {@code text} with {@code label} or {@code labels}. */
  private static final class LabelShape {
    private static final int MOST_LABELS = 1000;
    private static final int LONGEST_NAME = 200;

    private LabelShape() {}

    static boolean fits(Map<?, ?> map) {
      return map.containsKey("label") || map.containsKey("labels");
    }

    static Example.Labelled example(long line, Map<?, ?> map, UnknownKeys unknown) {
      boolean several = map.containsKey("labels");
      unknown.only(map, Set.of("text", several ? "labels" : "label"));
      String text = RowShape.string(map, "text", "");
      Label label = several ? names(map.get("labels")) : label(map.get("label"));
      return new Example.Labelled(line, text, label);
    }

    private static Label label(@Nullable Object value) {
      return switch (value) {
        case String name -> new Label.Name(checked(name, "label"));
        case Boolean flag -> new Label.Name(flag.toString());
        case Number number when Double.isFinite(number.doubleValue()) ->
            new Label.Number(number.doubleValue());
        case null, default ->
            throw new BadRow("label must be a class name or a number; use labels for a list");
      };
    }

    private static Label names(@Nullable Object value) {
      if (!(value instanceof List<?> list) || list.size() > MOST_LABELS) {
        throw new BadRow("labels must be a list of at most " + MOST_LABELS + " names");
      }
      Set<String> names = new LinkedHashSet<>();
      for (Object each : list) {
        if (!(each instanceof String name)) throw new BadRow("labels must be a list of names");
        if (!names.add(checked(name, "labels"))) throw new BadRow("labels contains a class twice");
      }
      return new Label.Names(new ArrayList<>(names));
    }

    private static String checked(String name, String key) {
      boolean good = !name.isBlank() && name.length() <= LONGEST_NAME && name.equals(name.strip());
      if (good && name.chars().noneMatch(Character::isISOControl)) return name;
      throw new BadRow(
          key
              + " must have 1 to "
              + LONGEST_NAME
              + " characters, without control characters or leading and trailing spaces");
    }
  }

  /**
   * Preference rows: TRL's {@code chosen} and {@code rejected}, with a {@code prompt} or a common
   * beginning, and OpenAI's {@code input}, {@code preferred_output} and {@code
   * non_preferred_output}, which its specification calls {@code preferred_completion} and {@code
   * non_preferred_completion}.
   */
  private static final class PreferenceShape {
    private static final String NOT = "non_";
    private static final List<String> PREFERRED =
        List.of("preferred_output", "preferred_completion");

    private PreferenceShape() {}

    static boolean fits(Map<?, ?> map) {
      return map.containsKey("chosen") || map.containsKey("rejected") || openAiName(map) != null;
    }

    /** Returns the key of the preferred answer of OpenAI's rows; null for other rows. */
    private static @Nullable String openAiName(Map<?, ?> map) {
      for (String name : PREFERRED) {
        if (map.containsKey(name) || map.containsKey(NOT + name)) return name;
      }
      return null;
    }

    static Example.PreferencePair example(long line, Map<?, ?> map, UnknownKeys unknown) {
      String better = openAiName(map);
      if (better != null) return openAi(line, map, better, unknown);
      boolean chat = map.get("chosen") instanceof List<?> || map.get("rejected") instanceof List<?>;
      return chat ? chats(line, map, unknown) : texts(line, map, unknown);
    }

    private static Example.PreferencePair openAi(
        long line, Map<?, ?> map, String better, UnknownKeys unknown) {
      unknown.only(map, Set.of("input", better, NOT + better));
      if (!(map.get("input") instanceof Map<?, ?> input)) {
        throw new BadRow("input must be an object with messages");
      }
      unknown.only(input, Set.of("messages", "tools", "parallel_tool_calls"));
      return preference(
          line,
          MessageShape.messages("input.messages", input.get("messages"), unknown),
          MessageShape.messages(better, map.get(better), unknown),
          MessageShape.messages(NOT + better, map.get(NOT + better), unknown),
          RowShape.tools(input));
    }

    private static Example.PreferencePair chats(long line, Map<?, ?> map, UnknownKeys unknown) {
      unknown.only(map, Set.of("prompt", "chosen", "rejected", "tools", "parallel_tool_calls"));
      List<Map<String, Object>> chosen =
          MessageShape.messages("chosen", map.get("chosen"), unknown);
      List<Map<String, Object>> rejected =
          MessageShape.messages("rejected", map.get("rejected"), unknown);
      if (map.get("prompt") instanceof List<?> turns) {
        return preference(
            line,
            MessageShape.messages("prompt", turns, unknown),
            chosen,
            rejected,
            RowShape.tools(map));
      }
      // a prompt that is a string repeats the beginning of both chats
      int shared = 0;
      int least = Math.min(chosen.size(), rejected.size());
      while (shared < least && chosen.get(shared).equals(rejected.get(shared))) shared++;
      if (shared == least) throw new BadRow("chosen and rejected do not differ");
      return preference(
          line,
          chosen.subList(0, shared),
          chosen.subList(shared, chosen.size()),
          rejected.subList(shared, rejected.size()),
          RowShape.tools(map));
    }

    private static Example.PreferencePair preference(
        long line,
        List<Map<String, Object>> prompt,
        List<Map<String, Object>> chosen,
        List<Map<String, Object>> rejected,
        @Nullable List<?> tools) {
      return new Example.PreferencePair(
          line,
          new Example.ChatPromptCompletion(line, prompt, chosen, tools),
          new Example.ChatPromptCompletion(line, prompt, rejected, tools));
    }

    private static Example.PreferencePair texts(long line, Map<?, ?> map, UnknownKeys unknown) {
      unknown.only(map, Set.of("prompt", "chosen", "rejected"));
      String chosen = RowShape.string(map, "chosen", "");
      String rejected = RowShape.string(map, "rejected", "");
      if (map.get("prompt") != null) {
        return preference(line, RowShape.string(map, "prompt", ""), chosen, rejected);
      }
      if (chosen.equals(rejected)) throw new BadRow("chosen and rejected do not differ");
      int shared = 0;
      int least = Math.min(chosen.length(), rejected.length());
      while (shared < least && chosen.charAt(shared) == rejected.charAt(shared)) shared++;
      if (shared > 0 && Character.isHighSurrogate(chosen.charAt(shared - 1))) shared--;
      // a space belongs to the following word
      if (shared > 0 && chosen.charAt(shared - 1) == ' ') shared--;
      return preference(
          line, chosen.substring(0, shared), chosen.substring(shared), rejected.substring(shared));
    }

    private static Example.PreferencePair preference(
        long line, String prompt, String chosen, String rejected) {
      return new Example.PreferencePair(
          line,
          new Example.PromptCompletion(line, prompt, chosen),
          new Example.PromptCompletion(line, prompt, rejected));
    }
  }

  /** Reads and checks the turns of a chat. */
  static final class MessageShape {
    private static final int MAX_MESSAGES = 1024;
    private static final Set<String> ROLES =
        Set.of("system", "user", "assistant", "tool", "developer");
    private static final Set<String> KEYS =
        Set.of("role content name weight tool_calls tool_call_id reasoning_content".split(" "));

    private MessageShape() {}

    /** Reads OpenAI's turns. */
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
     * Reads ShareGPT's turns, after the row's {@code system}.
     *
     * @param roles maps a speaker to a role; null = unknown
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
              where + ".from must be human, gpt, system, tool, user, assistant or observation");
        }
        Map<String, Object> message = turn(role, RowShape.string(turn, "value", where + "."));
        if (turn.get("weight") != null) message.put("weight", weight(turn.get("weight"), where));
        messages.add(message);
      }
      return List.copyOf(messages);
    }

    /** Returns the system turn of a row's {@code system}; an empty list without one. */
    static List<Map<String, Object>> system(Map<?, ?> row) {
      String system = row.get("system") == null ? "" : RowShape.string(row, "system", "");
      return system.isEmpty() ? List.of() : List.of(turn("system", system));
    }

    static Map<String, Object> turn(String role, String content) {
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
      // OpenAI's newer name; templates know only the older one
      message.put("role", role.equals("developer") ? "system" : role);
      if (message.containsKey("weight")) message.put("weight", weight(map.get("weight"), where));
      boolean calls = role.equals("assistant") && message.get("tool_calls") instanceof List<?>;
      if (message.containsKey("tool_calls") && !calls) {
        throw new BadRow(where + ".tool_calls must be a list in an assistant turn");
      }
      message.put("content", content(map.get("content"), calls, where));
      return message;
    }

    /** Reads 0 or 1; rows from tables have 0.0 and 1.0. */
    private static int weight(@Nullable Object weight, String where) {
      if (weight instanceof Number number) {
        if (number.doubleValue() == 0) return 0;
        if (number.doubleValue() == 1) return 1;
      }
      throw new BadRow(where + ".weight must be 0 or 1");
    }

    /** Reads a string, or joins text parts as OpenAI does. */
    private static String content(@Nullable Object content, boolean mayLack, String where) {
      if (content instanceof String text) return text;
      if (content == null && mayLack) return "";
      if (!(content instanceof List<?> parts)) {
        throw new BadRow(where + ".content must be a string");
      }
      StringBuilder text = new StringBuilder();
      for (Object part : parts) {
        if (part instanceof Map<?, ?> map
            && "text".equals(map.get("type"))
            && map.get("text") instanceof String piece) {
          text.append(piece);
        } else {
          throw new BadRow(where + ".content may contain only parts of type text");
        }
      }
      return text.toString();
    }
  }

  /** How to treat keys that a row's kind does not have. */
  enum UnknownKeys {
    REFUSED,

    /** Removes them from the row. */
    DROPPED;

    void only(Map<?, ?> map, Set<String> keys) {
      only(map, keys, "");
    }

    /**
     * @param where the object, followed by a space; empty for the row itself
     */
    void only(Map<?, ?> map, Set<String> keys, String where) {
      if (this == DROPPED) {
        map.keySet().removeIf(key -> !keys.contains(String.valueOf(key)));
        return;
      }
      for (Object key : map.keySet()) {
        if (!keys.contains(String.valueOf(key))) {
          throw new BadRow(
              where
                  + "has an unknown key: "
                  + shown(key)
                  + " (set ignore_unknown_keys to leave such keys out)");
        }
      }
    }

    private static String shown(Object key) {
      String name = String.valueOf(key).replaceAll("[^\\w.-]", "?");
      return name.length() > 40 ? name.substring(0, 40) + "..." : name;
    }
  }
}
