package dev.graft.datasets;

import java.util.List;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * OpenAI's list of files. Its SDKs need first and last id to be texts, so an empty list has empty
 * ones.
 */
@JsonNaming(SnakeCaseStrategy.class)
record FileList(
    String object, List<FileObject> data, String firstId, String lastId, boolean hasMore) {

  /**
   * @param rows up to one more than {@code limit}
   */
  static FileList of(List<FileRow> rows, int limit) {
    List<FileObject> data = rows.stream().limit(limit).map(FileRow::object).toList();
    return new FileList(
        "list",
        data,
        data.isEmpty() ? "" : data.getFirst().id(),
        data.isEmpty() ? "" : data.getLast().id(),
        rows.size() > limit);
  }
}
