package dev.graft.datasets;

import dev.graft.text.Example;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A row as inspections see it.
 *
 * @param prompt everything before the last answer, with roles; empty for a text
 * @param conversation the prompt without system turns, which many rows share
 * @param answer the last answer; the labels of a row with labels; all of a text
 * @param text everything in the row
 * @param rowDigest of the text; see {@link Fingerprint}
 * @param promptDigest of the prompt
 * @param answerDigest of the answer
 */
record InspectedRow(
    Example example,
    String prompt,
    String conversation,
    String answer,
    String text,
    long rowDigest,
    long promptDigest,
    long answerDigest) {
  public static InspectedRow of(Example example) {
    return switch (example) {
      case Example.Chat chat -> chat(chat);
      case Example.ChatPromptCompletion pair -> {
        List<Map<String, Object>> all =
            Stream.concat(pair.prompt().stream(), pair.completion().stream()).toList();
        yield turns(example, pair.prompt(), pair.completion(), whole(all, pair.tools()));
      }
      case Example.PromptCompletion pair -> plain(example, pair.prompt(), pair.completion());
      case Example.Text text -> plain(example, "", text.text());
      case Example.Labelled row -> {
        String labels = row.label().words().stream().sorted().collect(Collectors.joining("\n"));
        yield plain(example, row.text(), labels);
      }
      case Example.PreferencePair pair -> {
        InspectedRow chosen = of(pair.chosen());
        String both = chosen.text + "\n" + of(pair.rejected()).answer;
        yield row(example, chosen.prompt, chosen.conversation, chosen.answer, both);
      }
    };
  }

  private static InspectedRow row(
      Example example, String prompt, String conversation, String answer, String text) {
    return new InspectedRow(
        example,
        prompt,
        conversation,
        answer,
        text,
        Fingerprint.of(text),
        Fingerprint.of(prompt),
        Fingerprint.of(answer));
  }

  private static InspectedRow plain(Example example, String prompt, String answer) {
    return row(example, prompt, prompt, answer, prompt + "\n" + answer);
  }

  /** Without an assistant, as rows with other names of roles are, the last turn is the answer. */
  private static InspectedRow chat(Example.Chat chat) {
    List<Map<String, Object>> turns = chat.messages();
    int last = turns.size() - 1;
    for (int i = last; i >= 0; i--) {
      if (is(turns.get(i), "assistant")) {
        last = i;
        break;
      }
    }
    return turns(
        chat, turns.subList(0, last), turns.subList(last, last + 1), whole(turns, chat.tools()));
  }

  private static InspectedRow turns(
      Example example,
      List<Map<String, Object>> prompt,
      List<Map<String, Object>> answer,
      String text) {
    return row(
        example,
        joined(prompt.stream()),
        joined(prompt.stream().filter(turn -> !is(turn, "system"))),
        answer.stream().map(InspectedRow::content).collect(Collectors.joining("\n")),
        text);
  }

  private static String joined(Stream<Map<String, Object>> turns) {
    return turns
        .filter(turn -> !content(turn).isBlank())
        .map(turn -> turn.get("role") + ": " + content(turn))
        .collect(Collectors.joining("\n"));
  }

  private static String whole(List<Map<String, Object>> turns, @Nullable List<?> tools) {
    String text =
        turns.stream()
            .map(
                turn ->
                    Stream.of("role", "name", "reasoning_content", "content", "tool_calls")
                        .filter(turn::containsKey)
                        .map(key -> String.valueOf(turn.get(key)))
                        .collect(Collectors.joining(" ")))
            .collect(Collectors.joining("\n"));
    return tools == null ? text : text + "\n" + tools;
  }

  public static boolean is(Map<String, Object> turn, String role) {
    return role.equals(turn.get("role"));
  }

  /** What it says, or does. */
  public static String content(Map<String, Object> turn) {
    Object content = turn.getOrDefault("content", "");
    Object calls = turn.get("tool_calls");
    return calls == null ? String.valueOf(content) : content + "\n" + calls;
  }

  public long line() {
    return example.line();
  }

  /** Stands for a text whose white space does not matter. */
  static final class Fingerprint {
    private static final Pattern SPACE = Pattern.compile("\\s+");

    private Fingerprint() {}

    /** The first 64 bits of its SHA-256: two of a million texts are mixed up once in 10^7 files. */
    public static long of(String text) {
      byte[] bytes = SPACE.matcher(text).replaceAll(" ").strip().getBytes(StandardCharsets.UTF_8);
      try {
        return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(bytes)).getLong();
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every JDK has SHA-256", e);
      }
    }
  }
}
