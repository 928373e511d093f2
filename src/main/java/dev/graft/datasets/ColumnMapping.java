package dev.graft.datasets;

import dev.graft.datasets.decoding.Columns;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** {@link Columns} as they are stored: a JSON object of field to column. */
final class ColumnMapping {
  private static final JsonMapper JSON = new JsonMapper();

  private ColumnMapping() {}

  static @Nullable String write(@Nullable Columns columns) {
    return columns == null ? null : JSON.writeValueAsString(columns.byField());
  }

  static @Nullable Columns read(@Nullable String json) {
    return json == null
        ? null
        : new Columns(JSON.readValue(json, new TypeReference<Map<String, String>>() {}));
  }
}
