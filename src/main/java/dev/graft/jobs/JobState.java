package dev.graft.jobs;

import java.util.Locale;

/** Where a job stands; the names on the wire are OpenAI's. */
public enum JobState {
  /** For its approval; to clients it is queued, to workers it is not there. */
  WAITING,
  QUEUED,
  RUNNING,
  PAUSED,
  SUCCEEDED,
  FAILED,
  CANCELLED;

  /** As the database has it. */
  public static JobState of(String state) {
    return valueOf(state.toUpperCase(Locale.ROOT));
  }

  public String column() {
    return name().toLowerCase(Locale.ROOT);
  }

  public String wire() {
    return this == WAITING ? QUEUED.column() : column();
  }

  public boolean terminal() {
    return switch (this) {
      case WAITING, QUEUED, RUNNING, PAUSED -> false;
      case SUCCEEDED, FAILED, CANCELLED -> true;
    };
  }
}
