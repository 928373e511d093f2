package dev.graft.datasets;

import dev.graft.datasets.CsvRows.CsvKind;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.Nearest;
import dev.graft.text.RowConversion.RowFormat;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/**
 * Options of the uploader for reading the rows of a file.
 *
 * @param columns of CSV; null where its header names them as rows do
 * @param ignoreUnknownKeys leaves out keys, and columns, that no row has
 * @param conversion the format that becomes OpenAI's chat rows; null = rows stay as they are
 */
record DecodingOptions(
    @Nullable CsvColumns columns, boolean ignoreUnknownKeys, @Nullable RowFormat conversion) {
  public static final DecodingOptions NONE = new DecodingOptions(null, false, null);

  public DecodingOptions(@Nullable CsvColumns columns, boolean ignoreUnknownKeys) {
    this(columns, ignoreUnknownKeys, null);
  }

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
              param, "The name of a column must have 1 to " + MAX_NAME + " characters.");
        }
      }
      if (CsvKind.of(byField.keySet()).isEmpty()) {
        throw RequestFailed.invalid(
            "columns",
            "These fields together do not make a row; rows are " + CsvKind.words() + ".");
      }
    }

    /** The message for an unknown field, also where field and column were exchanged. */
    private static String noField(String field, String column) {
      String meant = CsvKind.FIELDS.contains(column) ? column : "user";
      String name = CsvKind.FIELDS.contains(column) ? field : "question";
      return "'%s' is not a field of a row; fields are %s. Write FIELD=COLUMN: --column %s=%s of graft, columns[%s]=%s of the API."
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

  /** {@link CsvColumns} as they are stored: a JSON object of field to column. */
  static final class ColumnMapping {
    private static final JsonMapper JSON = new JsonMapper();

    private ColumnMapping() {}

    public static @Nullable String write(@Nullable CsvColumns columns) {
      return columns == null ? null : JSON.writeValueAsString(columns.byField());
    }

    public static @Nullable CsvColumns read(@Nullable String json) {
      return json == null
          ? null
          : new CsvColumns(JSON.readValue(json, new TypeReference<Map<String, String>>() {}));
    }
  }
}
