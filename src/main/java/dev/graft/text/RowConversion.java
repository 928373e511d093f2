package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import dev.graft.text.RowReader.Problem;
import dev.graft.text.RowShape.MessageShape;
import dev.graft.text.RowShape.UnknownKeys;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes a file of rows of another, line by line, in bounded memory. A row that is made of one stays
 * on its line, so that a line number means the same in both; one that cannot be made is an empty
 * line. Where rows are left out, those behind them move up.
 */
public final class RowConversion {
  private final Change change;
  private final boolean keepsLines;

  private RowConversion(Change change, boolean keepsLines) {
    this.change = change;
    this.keepsLines = keepsLines;
  }

  /** What one row becomes; null = it is left out. */
  public interface Change {
    @Nullable Map<?, ?> of(long line, Map<?, ?> row);
  }

  /** Rows that are changed or left out. */
  public static RowConversion by(Change change) {
    return new RowConversion(change, false);
  }

  /** What a row says. What is thrown where it is none is told by {@link #write}. */
  public static Example example(long line, Map<?, ?> row) {
    return RowShape.example(line, row, UnknownKeys.REFUSED);
  }

  /** OpenAI's chat row of this one, if it is of another format; else as it is. */
  public static Map<?, ?> chatOf(Map<?, ?> row) {
    RowFormat format = RowFormat.of(row);
    return format == null ? row : ConvertedRow.of(format, row, UnknownKeys.REFUSED);
  }

  /** The same rows without keys that their kinds do not have. */
  public static RowConversion withoutUnknownKeys() {
    return new RowConversion(
        (line, row) -> {
          // told by whoever reads the rows, once for the file
          if (RowFormat.of(row) == RowFormat.QUESTION_ANSWER) return row;
          RowShape.example(line, row, UnknownKeys.DROPPED);
          return row;
        },
        true);
  }

  /**
   * OpenAI's chat rows.
   *
   * @param ignoreUnknownKeys leaves out what the format does not have; else it is a problem
   */
  public static RowConversion toChat(RowFormat from, boolean ignoreUnknownKeys) {
    UnknownKeys unknown = ignoreUnknownKeys ? UnknownKeys.DROPPED : UnknownKeys.REFUSED;
    return new RowConversion((line, row) -> ConvertedRow.of(from, row, unknown), true);
  }

  /**
   * Reads to the end, or to as many problems as a {@link RowReader} tells. Whoever reads what is
   * written finds what is wrong with it there.
   *
   * @param problems gets what is wrong with rows that could not be made
   */
  public void write(InputStream rows, OutputStream jsonl, List<Problem> problems)
      throws IOException {
    OutputStream out = new BufferedOutputStream(jsonl, 1 << 16);
    RowReader.LineReader lines = new RowReader.LineReader(rows, RowReader.MAX_LINE);
    long number = 0;
    for (RowReader.LineReader.Line line = lines.next(); line != null; line = lines.next()) {
      number++;
      try {
        Map<?, ?> row = RowReader.JsonLine.object(line, number);
        Map<?, ?> made = row == null ? null : change.of(number, row);
        if (made == null && !keepsLines) continue;
        if (made != null) out.write(RowReader.JsonLine.JSON.writeValueAsBytes(made));
      } catch (BadRow bad) {
        problems.add(new Problem(number, bad.getMessage()));
        if (bad.isOfTheFile() || problems.size() == RowReader.MAX_PROBLEMS) break;
      }
      out.write('\n');
    }
    out.flush();
  }

  /** OpenAI's chat row with what a row of another format says. */
  private static final class ConvertedRow {
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
    static Map<String, Object> of(RowFormat from, Map<?, ?> row, RowShape.UnknownKeys unknown) {
      return switch (from) {
        case SHAREGPT -> conversation(row, unknown);
        case ALPACA -> {
          unknown.only(row, Set.of("instruction", "input", "output", "system"));
          yield asked(row, RowShape.instruction(row), RowShape.string(row, "output", ""));
        }
        case QUESTION_ANSWER -> {
          unknown.only(row, Set.of("question", "answer", "system"));
          yield asked(
              row, RowShape.string(row, "question", ""), RowShape.string(row, "answer", ""));
        }
      };
    }

    private static Map<String, Object> asked(Map<?, ?> row, String question, String answer) {
      List<Map<String, Object>> messages = new ArrayList<>(MessageShape.system(row));
      messages.add(MessageShape.said("user", question));
      messages.add(MessageShape.said("assistant", answer));
      return row(messages, null);
    }

    private static Map<String, Object> conversation(Map<?, ?> row, RowShape.UnknownKeys unknown) {
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
}
