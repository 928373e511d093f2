package dev.graft.client;

import dev.graft.platform.Bytes;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/** Formats a list of JSON objects as a table. */
public final class Table {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT);

  private record Column(String title, Function<JsonNode, String> of) {}

  private final List<Column> columns = new ArrayList<>();

  public Table column(String title, Function<JsonNode, String> of) {
    columns.add(new Column(title, of));
    return this;
  }

  /** Adds a column with the value at a JSON pointer; {@code -} if it is absent. */
  public Table text(String title, String pointer) {
    return column(title, thing -> thing.at(pointer).asString("-"));
  }

  /** Adds a column with the unix seconds at a JSON pointer, as local time. */
  public Table time(String title, String pointer) {
    return column(title, thing -> time(thing.at(pointer)));
  }

  /** Adds a column with the bytes at a JSON pointer. */
  public Table size(String title, String pointer) {
    return column(title, thing -> Bytes.shown(thing.at(pointer).asLong(0)));
  }

  /** Formats unix seconds as local time. */
  public static String time(JsonNode seconds) {
    if (!seconds.isNumber()) return "-";
    return TIME.format(Instant.ofEpochSecond(seconds.asLong()).atZone(ZoneId.systemDefault()));
  }

  /** Returns the lines of the table, with a title line. */
  public List<String> lines(Iterable<JsonNode> things) {
    List<List<String>> cells = new ArrayList<>();
    cells.add(columns.stream().map(Column::title).toList());
    for (JsonNode thing : things) {
      cells.add(columns.stream().map(column -> printable(column.of().apply(thing))).toList());
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : cells) lines.add(line(row, cells));
    return lines;
  }

  private static String line(List<String> row, List<List<String>> all) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < row.size(); column++) {
      int at = column;
      int width = all.stream().mapToInt(cells -> cells.get(at).length()).max().orElse(0);
      line.append(row.get(column)).append(" ".repeat(width - row.get(column).length() + 2));
    }
    return line.toString().stripTrailing();
  }

  /** Formats text in English, whatever the locale. */
  static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** Replaces control characters, which could change the terminal. */
  static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", " ");
  }
}
