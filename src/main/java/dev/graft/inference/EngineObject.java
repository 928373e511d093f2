package dev.graft.inference;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An engine as a department sees it.
 *
 * @param object always {@code engine}
 * @param kind {@code vllm}, {@code directory} or {@code s3}
 * @param status {@code ready}, {@code degraded}, {@code unreachable}, or {@code unchecked}
 * @param error why it is not ready
 * @param checkedAt Unix time in seconds; null before the first check
 * @param since when it came to have its status
 * @param models the department's own that it should have
 */
record EngineObject(
    String id,
    String object,
    String kind,
    String status,
    @Nullable String error,
    @Nullable Long checkedAt,
    @Nullable Long since,
    List<Model> models) {
  /** One of the department's models there. */
  record Model(String name, String model, String status, @Nullable String error) {
    static Model of(FoundModel found) {
      return new Model(found.name(), found.model(), found.status(), found.error());
    }
  }

  static EngineObject of(
      String name, EngineKind kind, EngineRows.@Nullable Row row, String departmentId) {
    if (row == null) {
      return new EngineObject(
          name, "engine", kind.wire(), "unchecked", null, null, null, List.of());
    }
    return new EngineObject(
        name,
        "engine",
        kind.wire(),
        row.status(),
        row.error(),
        row.checkedAt().getEpochSecond(),
        row.since().getEpochSecond(),
        row.models().stream()
            .filter(each -> each.departmentId().equals(departmentId))
            .map(Model::of)
            .toList());
  }
}
