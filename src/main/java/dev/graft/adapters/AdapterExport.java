package dev.graft.adapters;

import dev.graft.artifacts.BlobRef;
import dev.graft.spec.ExportForm;
import org.jspecify.annotations.Nullable;

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

  AdapterExportObject answer() {
    return new AdapterExportObject(
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
}
