package dev.graft.datasets;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** {@link CsvColumns} as they are stored: a JSON object of field to column. */
final class ColumnMapping {
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
