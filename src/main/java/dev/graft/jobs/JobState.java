package dev.graft.jobs;

import java.util.Locale;

/** The state of a job; the names on the wire are OpenAI's. */
public enum JobState {
  /** Waits for approval: shown to clients as queued, invisible to workers. */
  WAITING,
  QUEUED,
  RUNNING,
  PAUSED,
  SUCCEEDED,
  FAILED,
  CANCELLED;

  /** Returns the state with this name in the database. */
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
