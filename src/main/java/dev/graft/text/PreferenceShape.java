package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Preference rows: TRL's {@code chosen} and {@code rejected}, with a {@code prompt} or beginning
 * alike, and OpenAI's {@code input}, {@code preferred_output} and {@code non_preferred_output},
 * which its specification calls {@code preferred_completion} and {@code non_preferred_completion}.
 */
final class PreferenceShape {
  private static final String NOT = "non_";
  private static final List<String> PREFERRED = List.of("preferred_output", "preferred_completion");

  private PreferenceShape() {}

  static boolean fits(Map<?, ?> map) {
    return map.containsKey("chosen") || map.containsKey("rejected") || openAiName(map) != null;
  }

  /** What the row calls the better answer, if it is OpenAI's kind. */
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
    List<Map<String, Object>> chosen = MessageShape.messages("chosen", map.get("chosen"), unknown);
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
    // a prompt in words beside chats repeats what both begin with
    int shared = 0;
    int least = Math.min(chosen.size(), rejected.size());
    while (shared < least && chosen.get(shared).equals(rejected.get(shared))) shared++;
    if (shared == least) throw new BadRow("chosen and rejected do not part");
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
    if (chosen.equals(rejected)) throw new BadRow("chosen and rejected do not part");
    int shared = 0;
    int least = Math.min(chosen.length(), rejected.length());
    while (shared < least && chosen.charAt(shared) == rejected.charAt(shared)) shared++;
    if (shared > 0 && Character.isHighSurrogate(chosen.charAt(shared - 1))) shared--;
    // a space belongs to the word behind it
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
