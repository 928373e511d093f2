package dev.graft.datasets;

import java.util.Locale;

/** OpenAI's file statuses; {@code UPLOADED} waits for validation. */
enum FileStatus {
  UPLOADED,
  PROCESSED,
  ERROR;

  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
