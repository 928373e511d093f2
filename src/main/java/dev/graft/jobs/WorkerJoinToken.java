package dev.graft.jobs;

import dev.graft.platform.AssignedId;
import dev.graft.platform.Secrets;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import java.time.Duration;
import java.time.Instant;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/**
 * A single-use token with which one worker joins, into one class. Joining sets {@code usedAt} and
 * {@code workerId}, see {@link Workers#join}.
 */
@Entity
@DynamicUpdate
class WorkerJoinToken extends AssignedId {
  static final String PREFIX = "graft-join-";

  /** Characters of a secret that lists show: the prefix and six more. */
  private static final int SHOWN = PREFIX.length() + 6;

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
    super(id);
    this.tokenHash = Secrets.hash(secret);
    this.prefix = secret.substring(0, SHOWN);
    this.workerClass = workerClass;
    this.createdBy = createdBy;
    this.createdAt = createdAt;
    this.expiresAt = createdAt.plus(validFor);
  }
}
