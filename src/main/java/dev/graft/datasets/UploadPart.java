package dev.graft.datasets;

import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import java.time.Instant;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/** A part of an upload; the artifact store keeps its bytes under its id. */
@Entity
@DynamicUpdate
class UploadPart {
  @Id private String id;

  @ManyToOne(fetch = FetchType.LAZY)
  private Upload upload;

  /** Null while it arrives. */
  private @Nullable Long bytes;

  private Instant createdAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected UploadPart() {}

  UploadPart(String id, Upload upload, Instant createdAt) {
    this.id = id;
    this.upload = upload;
    this.createdAt = createdAt;
  }

  void arrived(long bytes) {
    this.bytes = bytes;
  }

  String id() {
    return id;
  }

  @Nullable Long bytes() {
    return bytes;
  }

  Upload.PartObject object() {
    return new Upload.PartObject(id, "upload.part", createdAt.getEpochSecond(), upload.getId());
  }
}
