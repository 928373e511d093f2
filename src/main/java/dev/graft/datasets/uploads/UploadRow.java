package dev.graft.datasets.uploads;

import dev.graft.datasets.FileObject;
import dev.graft.datasets.FilePurpose;
import dev.graft.datasets.NewFile;
import dev.graft.datasets.decoding.ColumnMapping;
import dev.graft.datasets.decoding.DecodingOptions;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A row of {@code upload}. */
@Entity
@Table(name = "upload")
class UploadRow {
  @Id private String id;
  private String departmentId;
  private String filename;
  private String purpose;
  private long bytes;

  @SuppressWarnings("UnusedVariable") // a column to read by hand
  private String mimeType;

  private @Nullable String columnMapping;
  private boolean ignoreUnknownKeys;
  private @Nullable Long fileLifetime;
  private String status;
  private @Nullable String partIds;
  private @Nullable String fileId;
  private Instant createdAt;
  private Instant expiresAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected UploadRow() {}

  UploadRow(String id, NewUpload upload, Instant createdAt, Instant expiresAt) {
    NewFile file = upload.file();
    Duration lifetime = file.lifetime();
    this.id = id;
    this.departmentId = file.departmentId();
    this.filename = file.filename();
    this.purpose = file.purpose().wireName();
    this.bytes = upload.bytes();
    this.mimeType = upload.mimeType();
    this.columnMapping = ColumnMapping.write(file.options().columns());
    this.ignoreUnknownKeys = file.options().ignoreUnknownKeys();
    this.fileLifetime = lifetime == null ? null : lifetime.toSeconds();
    this.status = UploadStatus.PENDING.wireName();
    this.createdAt = createdAt;
    this.expiresAt = expiresAt;
  }

  /** A pending upload ends by itself, whether or not its row says so yet. */
  UploadStatus statusAt(Instant now) {
    UploadStatus recorded = UploadStatus.named(status);
    return recorded == UploadStatus.PENDING && !expiresAt.isAfter(now)
        ? UploadStatus.EXPIRED
        : recorded;
  }

  void complete(List<String> parts, String file) {
    status = UploadStatus.COMPLETED.wireName();
    partIds = String.join(" ", parts);
    fileId = file;
  }

  void end(UploadStatus how) {
    status = how.wireName();
  }

  boolean wasCompletedWith(List<String> parts) {
    return String.join(" ", parts).equals(partIds);
  }

  NewFile newFile() {
    return new NewFile(
        departmentId,
        filename,
        FilePurpose.named(purpose).orElseThrow(),
        fileLifetime == null ? null : Duration.ofSeconds(fileLifetime),
        new DecodingOptions(ColumnMapping.read(columnMapping), ignoreUnknownKeys));
  }

  UploadObject object(Instant now, @Nullable FileObject file) {
    return new UploadObject(
        id,
        "upload",
        bytes,
        createdAt.getEpochSecond(),
        expiresAt.getEpochSecond(),
        filename,
        purpose,
        statusAt(now).wireName(),
        file);
  }

  String id() {
    return id;
  }

  String departmentId() {
    return departmentId;
  }

  long bytes() {
    return bytes;
  }

  @Nullable String fileId() {
    return fileId;
  }
}
