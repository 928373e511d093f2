package dev.graft.datasets;

import dev.graft.datasets.DecodingOptions.CsvColumns;
import dev.graft.datasets.FileFormat.Undecodable;
import dev.graft.text.RowReader;
import dev.graft.text.RowReader.Problem;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Turns CSV into JSONL, each record on the line where it began. */
final class CsvRows {
  private static final JsonMapper JSON = new JsonMapper();

  private final CsvKind kind;
  private final Map<String, Integer> places;
  private final int width;

  private CsvRows(CsvKind kind, Map<String, Integer> places, int width) {
    this.kind = kind;
    this.places = places;
    this.width = width;
  }

  /**
   * Reads to the end, to the most problems that a {@link RowReader} reports, or to text in another
   * encoding. Throws {@link Undecodable} if the header does not name the columns as fields.
   *
   * @param options whose columns are null if the header itself has the names of fields
   * @param problems collects what is wrong with records; such records become empty lines
   */
  static void write(
      InputStream csv, DecodingOptions options, OutputStream jsonl, List<Problem> problems)
      throws IOException {
    CsvReader reader = new CsvReader(csv);
    OutputStream out = new BufferedOutputStream(jsonl, 1 << 16);
    CsvRows rows = null;
    CsvReader.Row row;
    while ((row = reader.next()) != null && problems.size() < RowReader.MAX_PROBLEMS) {
      if (rows == null && !row.isBlank()) {
        rows = of(row, options);
      } else if (rows != null && !row.isBlank()) {
        rows.write(row, out, problems);
        if (RowReader.NOT_UTF8.equals(row.problem())) break;
      }
      for (int i = 0; i < row.lines(); i++) out.write('\n');
    }
    out.flush();
  }

  private void write(CsvReader.Row row, OutputStream out, List<Problem> problems)
      throws IOException {
    String problem = row.problem();
    if (problem == null && row.cells().size() != width) {
      problem = "has %d cells, the header has %d".formatted(row.cells().size(), width);
    }
    if (problem != null) {
      problems.add(new Problem(row.line(), problem));
      return;
    }
    Map<String, String> cells = new LinkedHashMap<>();
    places.forEach((field, place) -> cells.put(field, row.cells().get(place)));
    out.write(JSON.writeValueAsBytes(kind.row(cells)));
  }

  private static CsvRows of(CsvReader.Row header, DecodingOptions options) throws Undecodable {
    if (header.problem() != null) throw new Undecodable("has a header that " + header.problem());
    List<String> names = header.cells().stream().map(String::strip).toList();
    CsvColumns columns = options.columns();
    if (columns == null) {
      List<String> fields =
          options.ignoreUnknownKeys()
              ? names.stream().filter(CsvKind.FIELDS::contains).toList()
              : names;
      CsvKind kind =
          CsvKind.of(Set.copyOf(fields))
              .orElseThrow(
                  () ->
                      new Undecodable(
                          "has columns that do not make a row: "
                              + CsvColumns.shown(names)
                              + ". Name them "
                              + CsvKind.words()
                              + "; or map them: --column user=question of graft,"
                              + " columns[user]=question of the API (--ignore-unknown-keys,"
                              + " ignore_unknown_keys leave the others out)"));
      return new CsvRows(kind, places(names, identity(fields)), names.size());
    }
    return new CsvRows(columns.kind(), places(names, columns.byField()), names.size());
  }

  private static Map<String, String> identity(List<String> names) {
    Map<String, String> same = new LinkedHashMap<>();
    names.forEach(name -> same.put(name, name));
    return same;
  }

  private static Map<String, Integer> places(List<String> names, Map<String, String> byField)
      throws Undecodable {
    Map<String, Integer> places = new LinkedHashMap<>();
    for (Map.Entry<String, String> column : byField.entrySet()) {
      int place = names.indexOf(column.getValue().strip());
      if (place < 0 || place != names.lastIndexOf(column.getValue().strip())) {
        throw new Undecodable(
            "has %s %s (for the field %s); its columns are %s"
                .formatted(
                    place < 0 ? "no column" : "two columns",
                    CsvColumns.shown(List.of(column.getValue())),
                    column.getKey(),
                    CsvColumns.shown(names)));
      }
      places.put(column.getKey(), place);
    }
    return places;
  }

  /**
   * Records of CSV (RFC 4180) as hostile input, in bounded memory. Lines end with LF or CRLF; cells
   * are separated by what separates most of the first line: comma, semicolon or tab.
   */
  static final class CsvReader {
    static final int MAX_RECORD = 1 << 20;
    private static final int BUFFER = 1 << 16;
    private static final String DELIMITERS = ",;\t";

    private final InputStream in;
    private byte[] buffer;
    private int at;
    private int limit;
    private final int delimiter;
    private long line = 1;

    private final ByteArrayOutputStream cell = new ByteArrayOutputStream();
    private final List<String> cells = new ArrayList<>();
    private @Nullable String problem;

    /**
     * @param line number of its first line, from 1
     * @param lines number of its lines, at least 1
     * @param problem why it is invalid, or null
     */
    record Row(long line, int lines, List<String> cells, @Nullable String problem) {
      boolean isBlank() {
        return problem == null && cells.size() == 1 && cells.getFirst().isEmpty();
      }
    }

    CsvReader(InputStream in) throws IOException {
      this.in = in;
      this.buffer = in.readNBytes(BUFFER);
      this.limit = buffer.length;
      if (limit >= 3 && buffer[0] == (byte) 0xEF && buffer[1] == (byte) 0xBB) at = 3;
      this.delimiter = delimiter();
    }

    private int delimiter() {
      int[] seen = new int[DELIMITERS.length()];
      boolean quoted = false;
      for (int i = at; i < limit && (quoted || buffer[i] != '\n'); i++) {
        if (buffer[i] == '"') quoted = !quoted;
        int which = DELIMITERS.indexOf(buffer[i]);
        if (which >= 0 && !quoted) seen[which]++;
      }
      int most = 0;
      for (int i = 1; i < seen.length; i++) {
        if (seen[i] > seen[most]) most = i;
      }
      return DELIMITERS.charAt(most);
    }

    /** The next record, or null at the end. */
    @Nullable Row next() throws IOException {
      int c = read();
      if (c < 0) return null;
      long first = line;
      int size = 0;
      cells.clear();
      problem = null;
      Cell state = Cell.START;
      while (c >= 0) {
        if (c == '\n') line++;
        if (c == '\n' && state != Cell.QUOTED) break;
        if (++size > MAX_RECORD) {
          problem = "is longer than " + MAX_RECORD + " bytes; check whether a quote is not closed";
          cell.reset();
        }
        state = take(c, state);
        c = read();
      }
      if (c < 0 && state == Cell.QUOTED) blame("has a quote that is not closed");
      end(state, true);
      int lines = (int) Math.max(1, line - first);
      return new Row(first, lines, List.copyOf(cells), problem);
    }

    /** Where in a cell the reader is. */
    private enum Cell {
      START,
      BARE,
      QUOTED,
      AFTER_QUOTE
    }

    private Cell take(int c, Cell state) {
      if (state == Cell.QUOTED) {
        if (c == '"') return Cell.AFTER_QUOTE;
        keep(c);
        return Cell.QUOTED;
      }
      if (c == delimiter) {
        end(state, false);
        return Cell.START;
      }
      if (c == '"' && state == Cell.START) return Cell.QUOTED;
      if (c == '"' && state == Cell.AFTER_QUOTE) {
        keep(c);
        return Cell.QUOTED;
      }
      if (state == Cell.AFTER_QUOTE) {
        if (c != '\r') blame("has text after a closing quote");
        return Cell.AFTER_QUOTE;
      }
      keep(c);
      return Cell.BARE;
    }

    private void keep(int c) {
      if (problem == null) cell.write(c);
    }

    private void end(Cell state, boolean last) {
      byte[] bytes = cell.toByteArray();
      cell.reset();
      boolean carriageReturn =
          last && state == Cell.BARE && bytes.length > 0 && bytes[bytes.length - 1] == '\r';
      if (problem != null) return;
      try {
        ByteBuffer text = ByteBuffer.wrap(bytes, 0, bytes.length - (carriageReturn ? 1 : 0));
        cells.add(StandardCharsets.UTF_8.newDecoder().decode(text).toString());
      } catch (CharacterCodingException e) {
        blame(RowReader.NOT_UTF8);
      }
    }

    private void blame(String what) {
      if (problem == null) problem = what;
    }

    private int read() throws IOException {
      if (at == limit) {
        if (buffer.length < BUFFER) buffer = new byte[BUFFER];
        at = 0;
        limit = Math.max(0, in.read(buffer));
        if (limit == 0) return -1;
      }
      return buffer[at++] & 0xff;
    }
  }

  /** The rows that columns of text can make. */
  enum CsvKind {
    CHAT(List.of("user", "assistant"), List.of("system")),
    PROMPT_COMPLETION(List.of("prompt", "completion"), List.of()),
    INSTRUCTION(List.of("instruction", "output"), List.of("input", "system")),
    PREFERENCE(List.of("prompt", "chosen", "rejected"), List.of()),
    TEXT(List.of("text"), List.of()),
    LABEL(List.of("text", "label"), List.of());

    /** Every name that a column can have. */
    static final Set<String> FIELDS =
        Arrays.stream(values())
            .flatMap(kind -> kind.fields().stream())
            .collect(Collectors.toCollection(LinkedHashSet::new));

    private final List<String> required;
    private final List<String> optional;

    CsvKind(List<String> required, List<String> optional) {
      this.required = required;
      this.optional = optional;
    }

    /** The kind whose rows have exactly these fields. */
    static Optional<CsvKind> of(Set<String> fields) {
      return Arrays.stream(values())
          .filter(kind -> fields.containsAll(kind.required) && kind.fields().containsAll(fields))
          .findFirst();
    }

    static String words() {
      return Arrays.stream(values())
          .map(
              kind ->
                  String.join(", ", kind.required)
                      + (kind.optional.isEmpty()
                          ? ""
                          : " (and " + String.join(", ", kind.optional) + ")"))
          .collect(Collectors.joining("; or "));
    }

    private List<String> fields() {
      List<String> all = new ArrayList<>(required);
      all.addAll(optional);
      return all;
    }

    /**
     * Returns the row as in JSONL, its keys always in the same order. An optional field with an
     * empty cell is left out.
     */
    Map<String, Object> row(Map<String, String> cells) {
      Map<String, Object> row = new LinkedHashMap<>();
      for (String field : fields()) {
        String text = cells.get(field);
        if (text != null && (!text.isEmpty() || required.contains(field))) row.put(field, text);
      }
      return this == CHAT ? Map.of("messages", messages(row)) : row;
    }

    private static List<Map<String, Object>> messages(Map<String, Object> byRole) {
      List<Map<String, Object>> messages = new ArrayList<>();
      for (String role : List.of("system", "user", "assistant")) {
        Object text = byRole.get(role);
        if (text == null) continue;
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", text);
        messages.add(message);
      }
      return messages;
    }
  }
}
