package dev.graft.datasets.uploads;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A row of {@code upload_part}; the bytes are kept in the artifact store under its id. */
@Entity
@Table(name = "upload_part")
class PartRow {
  @Id private String id;
  private String uploadId;
  private @Nullable Long bytes;
  private Instant createdAt;

  /**
   * OpenAI's UploadPart.
   *
   * @param createdAt Unix time in seconds
   */
  record PartObject(String id, String object, long createdAt, String uploadId) {}

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected PartRow() {}

  /** A part that is about to arrive. */
  PartRow(String id, String uploadId, Instant createdAt) {
    this.id = id;
    this.uploadId = uploadId;
    this.createdAt = createdAt;
  }

  void arrived(long size) {
    bytes = size;
  }

  PartObject object() {
    return new PartObject(id, "upload.part", createdAt.getEpochSecond(), uploadId);
  }

  String id() {
    return id;
  }

  /** Null while it arrives. */
  @Nullable Long bytes() {
    return bytes;
  }
}
