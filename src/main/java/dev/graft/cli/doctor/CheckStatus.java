package dev.graft.cli.doctor;

import java.util.Locale;

/** How a check ended. */
enum CheckStatus {
  OK,
  /** Graft works, but not as well or as safely as it could. */
  WARNING,
  /** Graft does not work before this is cured. */
  MISSING;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
