package dev.graft.datasets;

import dev.graft.text.RowReader;
import dev.graft.text.RowReader.Problem;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
   * Reads to the end, to as many problems as a {@link RowReader} tells, or to text in another
   * encoding. Throws {@link Undecodable} where the header does not say what the columns are.
   *
   * @param options whose columns are null where the header itself has the names of fields
   * @param problems gets what is wrong with records; those become empty lines
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
                          "has columns that are no row: "
                              + CsvColumns.shown(names)
                              + ". Name them "
                              + CsvKind.words()
                              + "; or say which is which: --column user=question of graft,"
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
}
