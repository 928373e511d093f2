package dev.graft.exports;

import dev.graft.artifacts.BlobRef;
import dev.graft.spec.ExportForm;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A form of an adapter, made or in the making.
 *
 * @param status {@code queued}, {@code running}, {@code succeeded} or {@code failed}
 * @param doneBytes of its files that are written
 * @param totalBytes that will be, about; null while that is not known
 * @param content what is downloaded, once it has succeeded
 * @param error why it failed; while it runs, what the last try met
 * @param createdAt Unix time in seconds, as {@code finishedAt}
 */
record AdapterExport(
    String id,
    String departmentId,
    String adapterId,
    ExportForm form,
    String status,
    long doneBytes,
    @Nullable Long totalBytes,
    String filename,
    @Nullable BlobRef content,
    @Nullable String error,
    long createdAt,
    @Nullable Long finishedAt) {
  boolean ended() {
    return finishedAt != null;
  }

  Answer answer() {
    return new Answer(
        id,
        "adapter.export",
        adapterId,
        form.kind().wireName(),
        form.options(),
        status,
        doneBytes,
        totalBytes,
        filename,
        content == null ? null : content.bytes(),
        content == null ? null : content.sha256().hex(),
        error,
        createdAt,
        finishedAt);
  }

  /** As the API tells it. */
  record Answer(
      String id,
      String object,
      String adapterId,
      String form,
      JsonNode options,
      String status,
      long doneBytes,
      @Nullable Long totalBytes,
      String filename,
      @Nullable Long bytes,
      @Nullable String sha256,
      @Nullable String error,
      long createdAt,
      @Nullable Long finishedAt) {}
}
