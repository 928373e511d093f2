package dev.graft.datasets;

import dev.graft.platform.AssignedId;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.EnumeratedValue;
import jakarta.persistence.OneToMany;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/** A large file that arrives in parts. */
@Entity
@DynamicUpdate
class Upload extends AssignedId {
  private String departmentId;
  private String filename;

  @Enumerated(EnumType.STRING)
  private NewFile.FilePurpose purpose;

  /** As announced. */
  private long bytes;

  @Column private String mimeType;

  /** JSON of {@link DecodingOptions.CsvColumns}. */
  private @Nullable String columnMapping;

  private boolean ignoreUnknownKeys;

  /** In seconds, from the file's creation; null = it stays. */
  private @Nullable Long fileLifetime;

  @Enumerated(EnumType.STRING)
  private UploadStatus status = UploadStatus.PENDING;

  /** The parts that it was completed with, in order; null until then. */
  private @Nullable String partIds;

  /** The file that it became; null = none, or it is gone. */
  private @Nullable String fileId;

  private Instant createdAt;
  private Instant expiresAt;

  /** Only ever added to; read by queries, which need not load them all. */
  @OneToMany(mappedBy = "upload", cascade = CascadeType.PERSIST)
  private final List<UploadPart> parts = new ArrayList<>();

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected Upload() {}

  Upload(
      String id, NewFile file, long bytes, String mimeType, Instant createdAt, Instant expiresAt) {
    super(id);
    Duration lifetime = file.lifetime();
    this.departmentId = file.departmentId();
    this.filename = file.filename();
    this.purpose = file.purpose();
    this.bytes = bytes;
    this.mimeType = mimeType;
    this.columnMapping = DecodingOptions.ColumnMapping.write(file.options().columns());
    this.ignoreUnknownKeys = file.options().ignoreUnknownKeys();
    this.fileLifetime = lifetime == null ? null : lifetime.toSeconds();
    this.createdAt = createdAt;
    this.expiresAt = expiresAt;
  }

  /** Adds a part that is about to arrive. */
  void begin(String partId, Instant now) {
    parts.add(new UploadPart(partId, this, now));
  }

  void complete(List<String> parts, String fileId) {
    status = UploadStatus.COMPLETED;
    partIds = String.join(" ", parts);
    this.fileId = fileId;
  }

  void cancel() {
    status = UploadStatus.CANCELLED;
  }

  /** A pending upload expires at its time, before a sweep has changed its row. */
  UploadStatus statusAt(Instant now) {
    return status == UploadStatus.PENDING && !expiresAt.isAfter(now)
        ? UploadStatus.EXPIRED
        : status;
  }

  boolean wasCompletedWith(List<String> wanted) {
    return partIds != null && wanted.equals(List.of(partIds.split(" ")));
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

  /** Returns what the file will be. */
  NewFile file() {
    return new NewFile(
        departmentId,
        filename,
        purpose,
        fileLifetime == null ? null : Duration.ofSeconds(fileLifetime),
        new DecodingOptions(DecodingOptions.ColumnMapping.read(columnMapping), ignoreUnknownKeys));
  }

  UploadObject object(Instant now, DataFile.@Nullable FileObject file) {
    return new UploadObject(
        id(),
        "upload",
        bytes,
        createdAt.getEpochSecond(),
        expiresAt.getEpochSecond(),
        filename,
        purpose.wireName(),
        statusAt(now).wireName(),
        file);
  }

  /** OpenAI's upload statuses; all but {@code PENDING} are final. */
  enum UploadStatus {
    PENDING,
    COMPLETED,
    CANCELLED,
    EXPIRED;

    @EnumeratedValue private final String wireName = name().toLowerCase(Locale.ROOT);

    String wireName() {
      return wireName;
    }
  }

  /**
   * OpenAI's Upload object.
   *
   * @param bytes as announced
   * @param createdAt Unix time in seconds, as {@code expiresAt}
   * @param file the file that it became, as long as that exists
   */
  record UploadObject(
      String id,
      String object,
      long bytes,
      long createdAt,
      long expiresAt,
      String filename,
      String purpose,
      String status,
      DataFile.@Nullable FileObject file) {}

  /**
   * OpenAI's UploadPart.
   *
   * @param createdAt Unix time in seconds
   */
  record PartObject(String id, String object, long createdAt, String uploadId) {}
}
