package dev.graft.datasets.report;

import dev.graft.text.Example;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A row as inspections see it.
 *
 * @param prompt all before the last answer, with its roles; empty for a text
 * @param said the same without system turns, which rows have in common
 * @param answer the last answer; of a row with labels those, of a text all
 */
record Row(Example example, String prompt, String said, String answer) {
  static Row of(Example example) {
    return switch (example) {
      case Example.Chat chat -> chat(example, chat.messages());
      case Example.ChatCompletion pair -> turns(example, pair.prompt(), pair.completion());
      case Example.PromptCompletion pair -> plain(example, pair.prompt(), pair.completion());
      case Example.Text text -> plain(example, "", text.text());
      case Example.Labelled row ->
          plain(example, row.text(), String.join("\n", row.label().words()));
      case Example.Preference pair -> {
        Row chosen = of(pair.chosen());
        yield new Row(example, chosen.prompt, chosen.said, chosen.answer);
      }
    };
  }

  private static Row plain(Example example, String prompt, String answer) {
    return new Row(example, prompt, prompt, answer);
  }

  /** Without an assistant, as rows with other names of roles are, the last turn is the answer. */
  private static Row chat(Example example, List<Map<String, Object>> turns) {
    int last = turns.size() - 1;
    for (int i = last; i >= 0; i--) {
      if (is(turns.get(i), "assistant")) {
        last = i;
        break;
      }
    }
    return turns(example, turns.subList(0, last), turns.subList(last, last + 1));
  }

  private static Row turns(
      Example example, List<Map<String, Object>> prompt, List<Map<String, Object>> answer) {
    List<Map<String, Object>> said = prompt.stream().filter(turn -> !is(turn, "system")).toList();
    return new Row(
        example,
        text(prompt),
        text(said),
        answer.stream().map(Row::content).collect(Collectors.joining("\n")));
  }

  private static String text(List<Map<String, Object>> turns) {
    return turns.stream()
        .map(turn -> turn.get("role") + ": " + content(turn))
        .collect(Collectors.joining("\n"));
  }

  static boolean is(Map<String, Object> turn, String role) {
    return role.equals(turn.get("role"));
  }

  /** What it says, or does. */
  static String content(Map<String, Object> turn) {
    Object content = turn.getOrDefault("content", "");
    Object calls = turn.get("tool_calls");
    return calls == null ? String.valueOf(content) : content + "\n" + calls;
  }

  long line() {
    return example.line();
  }

  /** All of its text. */
  String text() {
    String both = prompt + "\n" + answer;
    if (example instanceof Example.Preference pair) return both + "\n" + of(pair.rejected()).answer;
    return both;
  }
}
