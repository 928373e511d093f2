package dev.graft.adapters;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.platform.AssignedId;
import dev.graft.spec.ExportForm;
import jakarta.persistence.Entity;
import java.time.Instant;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * A form of an adapter, finished or in progress. The server that makes it moves it by the
 * statements of {@link AdapterExports}.
 */
@Entity
@DynamicUpdate
class AdapterExport extends AssignedId {
  private String departmentId;
  private String adapterId;
  private String form;

  @JdbcTypeCode(SqlTypes.JSON)
  private String options;

  /** {@code queued}, {@code running}, {@code succeeded} or {@code failed}. */
  private String state;

  /** Bytes of its files that are written. */
  private long doneBytes;

  /** Estimate of all bytes; null while that is unknown. */
  private @Nullable Long totalBytes;

  private String filename;

  /** SHA-256 of the file that is downloaded, once the export has succeeded. */
  private @Nullable String contentDigest;

  private @Nullable Long contentBytes;

  /** Why it failed; while it runs, the error of the last attempt. */
  private @Nullable String error;

  private Instant createdAt;
  private @Nullable Instant endedAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected AdapterExport() {}

  AdapterExport(String id, Adapter adapter, ExportForm form, Instant now) {
    super(id);
    this.departmentId = adapter.departmentId();
    this.adapterId = adapter.id();
    this.form = form.kind().wireName();
    this.options = form.options().toString();
    this.state = "queued";
    this.filename = filename(adapter.id(), form);
    this.createdAt = now;
  }

  private static String filename(String adapterId, ExportForm form) {
    return switch (form) {
      case ExportForm.MergedGguf(ExportForm.GgufType type) ->
          adapterId + "-" + type.wireName() + ".gguf";
      case ExportForm.AdapterGguf() -> adapterId + "-adapter-f16.gguf";
      default -> adapterId + "-" + form.kind().wireName() + ".tar.gz";
    };
  }

  String departmentId() {
    return departmentId;
  }

  String adapterId() {
    return adapterId;
  }

  ExportForm form() {
    return ExportForm.of(form, JsonMapper.shared().readTree(options));
  }

  String state() {
    return state;
  }

  String filename() {
    return filename;
  }

  @Nullable BlobRef content() {
    return contentDigest == null || contentBytes == null
        ? null
        : new BlobRef(new Digest(contentDigest), contentBytes);
  }

  @Nullable String error() {
    return error;
  }

  ExportController.AdapterExportObject view() {
    return new ExportController.AdapterExportObject(
        id(),
        "adapter.export",
        adapterId,
        form,
        form().options(),
        state,
        doneBytes,
        totalBytes,
        filename,
        contentBytes,
        contentDigest,
        error,
        createdAt.getEpochSecond(),
        endedAt == null ? null : endedAt.getEpochSecond());
  }
}
