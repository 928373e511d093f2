package dev.graft.text;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Formats of rows, not OpenAI's, that {@link RowConversion} makes OpenAI's chat rows of. */
public enum RowFormat {
  /** {@code conversations}: turns of {@code from} and {@code value}. */
  SHAREGPT,
  /** {@code instruction}, {@code input}, {@code output}. */
  ALPACA,
  /** {@code question} and {@code answer}: no job learns from these rows as they are. */
  QUESTION_ANSWER;

  private static final Set<String> OF_OTHERS =
      Set.of(
          "messages",
          "prompt",
          "completion",
          "chosen",
          "rejected",
          "text",
          "label",
          "labels",
          "preferred_output",
          "preferred_completion");

  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<RowFormat> named(String wireName) {
    return Arrays.stream(values()).filter(f -> f.wireName().equals(wireName)).findFirst();
  }

  /** Known by its keys, whatever else it has; null where it is none of them. */
  static @Nullable RowFormat of(Map<?, ?> row) {
    if (row.containsKey("messages")) return null;
    if (row.containsKey("conversations")) return SHAREGPT;
    if (row.containsKey("instruction") && row.containsKey("output")) return ALPACA;
    boolean question = row.containsKey("question") && row.containsKey("answer");
    return question && OF_OTHERS.stream().noneMatch(row::containsKey) ? QUESTION_ANSWER : null;
  }
}
