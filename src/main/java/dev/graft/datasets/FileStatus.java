package dev.graft.datasets;

/** OpenAI's file statuses; {@code UPLOADED} waits for validation. */
enum FileStatus {
  UPLOADED,
  PROCESSED,
  ERROR;

  String wireName() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
