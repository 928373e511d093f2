package dev.graft.datasets.decoding;

import dev.graft.platform.errors.RequestFailed;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which column of a CSV file is which field of a row, as the uploader says.
 *
 * @param byField field to the name that its column has in the header
 */
public record CsvColumns(Map<String, String> byField) {
  private static final int MAX_NAME = 200;

  /** Throws {@link RequestFailed} unless the fields are those of one {@link CsvKind}. */
  public CsvColumns {
    byField = Collections.unmodifiableMap(new LinkedHashMap<>(byField));
    for (Map.Entry<String, String> column : byField.entrySet()) {
      String param = "columns[" + column.getKey() + "]";
      if (!CsvKind.FIELDS.contains(column.getKey())) {
        throw RequestFailed.invalid(
            "columns", "A column can be one of: " + String.join(", ", CsvKind.FIELDS) + ".");
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

  CsvKind kind() {
    return CsvKind.of(byField.keySet()).orElseThrow();
  }
}
