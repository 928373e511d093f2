package dev.graft.platform.work;

import java.time.Instant;
import java.util.UUID;

/** A piece of work that this server has claimed for the time of a lease. */
public final class WorkClaim {
  private final String subject;
  private final String departmentId;
  private final Instant dueAt;
  final String kind;

  /** The token that every write under the claim checks. */
  final UUID token;

  /** The number of consecutive failures. */
  volatile int attempts;

  /** Whether it was given back or completed, rather than lost. */
  volatile boolean ended;

  WorkClaim(
      String kind, String subject, String departmentId, UUID token, Instant dueAt, int attempts) {
    this.kind = kind;
    this.subject = subject;
    this.departmentId = departmentId;
    this.token = token;
    this.dueAt = dueAt;
    this.attempts = attempts;
  }

  /** Returns the id of the work's subject. */
  public String subject() {
    return subject;
  }

  public String departmentId() {
    return departmentId;
  }

  /** Returns when it became due. */
  public Instant dueAt() {
    return dueAt;
  }
}
