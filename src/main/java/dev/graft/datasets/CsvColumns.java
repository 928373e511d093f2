package dev.graft.datasets;

import dev.graft.platform.RequestFailed;
import dev.graft.spec.Nearest;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Which column of a CSV file is which field of a row, as the uploader says.
 *
 * @param byField field to the name that its column has in the header
 */
record CsvColumns(Map<String, String> byField) {
  private static final int MAX_NAME = 200;
  private static final int MOST_SHOWN = 20;

  /** Throws {@link RequestFailed} unless the fields are those of one {@link CsvKind}. */
  public CsvColumns {
    byField = Collections.unmodifiableMap(new LinkedHashMap<>(byField));
    for (Map.Entry<String, String> column : byField.entrySet()) {
      String param = "columns[" + column.getKey() + "]";
      if (!CsvKind.FIELDS.contains(column.getKey())) {
        throw RequestFailed.invalid("columns", noField(column.getKey(), column.getValue()));
      }
      if (column.getValue().isBlank() || column.getValue().length() > MAX_NAME) {
        throw RequestFailed.invalid(
            param, "The name of a column has 1 to " + MAX_NAME + " characters.");
      }
    }
    if (CsvKind.of(byField.keySet()).isEmpty()) {
      throw RequestFailed.invalid(
          "columns", "These fields together are no row; rows are " + CsvKind.words() + ".");
    }
  }

  /** What is said of a field that there is not, or that stands where the column's name belongs. */
  private static String noField(String field, String column) {
    String meant = CsvKind.FIELDS.contains(column) ? column : "user";
    String name = CsvKind.FIELDS.contains(column) ? field : "question";
    return "'%s' is no field of a row; fields are %s. Write FIELD=COLUMN: --column %s=%s of graft, columns[%s]=%s of the API."
        .formatted(
            Nearest.shown(field),
            String.join(", ", CsvKind.FIELDS),
            meant,
            Nearest.shown(name),
            meant,
            Nearest.shown(name));
  }

  /** The first of the columns of a header. */
  static String shown(List<String> names) {
    return names.stream()
            .limit(MOST_SHOWN)
            .map(name -> "'" + Nearest.shown(name) + "'")
            .collect(Collectors.joining(", "))
        + (names.size() > MOST_SHOWN ? ", and %d more".formatted(names.size() - MOST_SHOWN) : "");
  }

  CsvKind kind() {
    return CsvKind.of(byField.keySet()).orElseThrow();
  }
}
