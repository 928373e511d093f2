package dev.graft.platform.work;

import java.time.Instant;
import java.util.UUID;

/** A piece of work that is this server's for the time of a lease. */
public final class WorkClaim {
  private final String subject;
  private final String departmentId;
  private final Instant dueAt;
  final String kind;

  /** What every write under the claim names. */
  final UUID token;

  /** Failures in a row until now. */
  volatile int attempts;

  /** Whether it was given back or is over: then nobody has lost it. */
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

  /** Id of what is worked at. */
  public String subject() {
    return subject;
  }

  public String departmentId() {
    return departmentId;
  }

  /** Since when it could have been claimed. */
  public Instant dueAt() {
    return dueAt;
  }
}
