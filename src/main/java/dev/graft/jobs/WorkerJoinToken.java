package dev.graft.jobs;

import dev.graft.platform.Secrets;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.PostLoad;
import jakarta.persistence.PostPersist;
import jakarta.persistence.Transient;
import java.time.Duration;
import java.time.Instant;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Persistable;

/**
 * A single-use token with which one worker joins, into one class. Joining sets {@code usedAt} and
 * {@code workerId}, see {@link Workers#join}.
 */
@Entity
@DynamicUpdate
class WorkerJoinToken implements Persistable<String> {
  static final String PREFIX = "graft-join-";

  /** Characters of a secret that lists show: the prefix and six more. */
  private static final int SHOWN = PREFIX.length() + 6;

  @Id private String id;
  @Column private byte[] tokenHash;
  @Column private String prefix;

  @Column(name = "class")
  private String workerClass;

  @Column private @Nullable String createdBy;
  @Column private Instant createdAt;
  @Column private Instant expiresAt;

  @Column(insertable = false)
  private @Nullable Instant usedAt;

  @Column(insertable = false)
  private @Nullable Instant revokedAt;

  @Column(insertable = false)
  private @Nullable String workerId;

  @Transient private boolean inserted;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected WorkerJoinToken() {}

  WorkerJoinToken(
      String id,
      String secret,
      String workerClass,
      @Nullable String createdBy,
      Instant createdAt,
      Duration validFor) {
    this.id = id;
    this.tokenHash = Secrets.hash(secret);
    this.prefix = secret.substring(0, SHOWN);
    this.workerClass = workerClass;
    this.createdBy = createdBy;
    this.createdAt = createdAt;
    this.expiresAt = createdAt.plus(validFor);
  }

  @Override
  public String getId() {
    return id;
  }

  /** Ids are assigned, so that a missing id does not mean a new row. */
  @Override
  public boolean isNew() {
    return !inserted;
  }

  @PostLoad
  @PostPersist
  void inserted() {
    inserted = true;
  }
}
