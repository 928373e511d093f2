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
 * Converts a file of rows line by line, in bounded memory. A converted row stays on its line, so
 * that line numbers are the same in both files; a row that cannot be converted becomes an empty
 * line. If rows are left out, the following rows move up.
 */
public final class RowConversion {
  private final Change change;
  private final boolean keepsLines;

  private RowConversion(Change change, boolean keepsLines) {
    this.change = change;
    this.keepsLines = keepsLines;
  }

  /** Converts one row; null = the row is left out. */
  public interface Change {
    @Nullable Map<?, ?> of(long line, Map<?, ?> row);
  }

  /** Returns a conversion that changes rows or leaves them out. */
  public static RowConversion by(Change change) {
    return new RowConversion(change, false);
  }

  /** Reads a row; {@link #write} reports the exceptions for invalid rows. */
  public static Example example(long line, Map<?, ?> row) {
    return RowShape.example(line, row, UnknownKeys.REFUSED);
  }

  /** Converts a row of another format to OpenAI's chat row; returns other rows unchanged. */
  public static Map<?, ?> chatOf(Map<?, ?> row) {
    RowFormat format = RowFormat.of(row);
    return format == null ? row : ConvertedRow.of(format, row, UnknownKeys.REFUSED);
  }

  /** Returns a conversion that removes unknown keys. */
  public static RowConversion withoutUnknownKeys() {
    return new RowConversion(
        (line, row) -> {
          // the reader of the converted file reports these rows, once per file
          if (RowFormat.of(row) == RowFormat.QUESTION_ANSWER) return row;
          RowShape.example(line, row, UnknownKeys.DROPPED);
          return row;
        },
        true);
  }

  /**
   * Returns a conversion to OpenAI's chat rows.
   *
   * @param ignoreUnknownKeys whether unknown keys are left out; otherwise they are problems
   */
  public static RowConversion toChat(RowFormat from, boolean ignoreUnknownKeys) {
    UnknownKeys unknown = ignoreUnknownKeys ? UnknownKeys.DROPPED : UnknownKeys.REFUSED;
    return new RowConversion((line, row) -> ConvertedRow.of(from, row, unknown), true);
  }

  /**
   * Converts all rows, or stops at {@link RowReader#MAX_PROBLEMS}. The converted rows are not
   * checked here.
   *
   * @param problems receives the problems of rows that could not be converted
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

  /** Converts rows of other formats to OpenAI's chat rows. */
  private static final class ConvertedRow {
    /** Roles by the names of speakers in exports of ShareGPT's format. */
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

    /** Throws {@link BadRow} if the row does not have this format. */
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
      messages.add(MessageShape.turn("user", question));
      messages.add(MessageShape.turn("assistant", answer));
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

  /** Formats that {@link RowConversion} converts to OpenAI's chat rows. */
  public enum RowFormat {
    /** {@code conversations}: turns of {@code from} and {@code value}. */
    SHAREGPT,
    /** {@code instruction}, {@code input}, {@code output}. */
    ALPACA,
    /** {@code question} and {@code answer}; jobs do not accept these rows without conversion. */
    QUESTION_ANSWER;

    private static final Set<String> OTHER_KEYS =
        Set.of(
            ("messages prompt completion chosen rejected text label labels preferred_output"
                    + " preferred_completion")
                .split(" "));

    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<RowFormat> named(String wireName) {
      return Arrays.stream(values()).filter(f -> f.wireName().equals(wireName)).findFirst();
    }

    /** Returns the format by the keys of a row, which may have others; null if there is none. */
    static @Nullable RowFormat of(Map<?, ?> row) {
      if (row.containsKey("messages")) return null;
      if (row.containsKey("conversations")) return SHAREGPT;
      if (row.containsKey("instruction") && row.containsKey("output")) return ALPACA;
      boolean question = row.containsKey("question") && row.containsKey("answer");
      return question && OTHER_KEYS.stream().noneMatch(row::containsKey) ? QUESTION_ANSWER : null;
    }
  }
}
