package dev.graft.adapters;

import dev.graft.platform.AssignedId;
import dev.graft.platform.RequestFailed;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.EnumeratedValue;
import java.time.Instant;
import org.hibernate.annotations.DynamicUpdate;

/** Lets another department use one model or checkpoint, by exactly this name. */
@Entity
@DynamicUpdate
class CheckpointPermission extends AssignedId {
  private String model;

  /** Department that the model belongs to. */
  private String ownerId;

  /** Department that may use the model. */
  private String departmentId;

  @Enumerated(EnumType.STRING)
  private Access access;

  @Column(updatable = false)
  private Instant createdAt;

  /** How much of a model another department may have. */
  enum Access {
    /** Chat with it, continue training from it, see its card. */
    USE("use"),
    /** {@link #USE}, and download its files. */
    DOWNLOAD("download");

    @EnumeratedValue final String wire;

    Access(String wire) {
      this.wire = wire;
    }

    static Access parse(String wire) {
      return switch (wire) {
        case "use" -> USE;
        case "download" -> DOWNLOAD;
        default -> throw RequestFailed.invalid("access", "access must be use or download.");
      };
    }
  }

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected CheckpointPermission() {}

  CheckpointPermission(
      String id, String model, String ownerId, String departmentId, Access access, Instant now) {
    super(id);
    this.model = model;
    this.ownerId = ownerId;
    this.departmentId = departmentId;
    this.access = access;
    this.createdAt = now;
  }

  void change(Access wanted) {
    access = wanted;
  }

  String model() {
    return model;
  }

  String ownerId() {
    return ownerId;
  }

  String departmentId() {
    return departmentId;
  }

  Access access() {
    return access;
  }

  Instant createdAt() {
    return createdAt;
  }
}
