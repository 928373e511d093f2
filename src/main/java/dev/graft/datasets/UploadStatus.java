package dev.graft.datasets;

import java.util.Locale;

/** OpenAI's upload statuses; all but {@code PENDING} are final. */
enum UploadStatus {
  PENDING,
  COMPLETED,
  CANCELLED,
  EXPIRED;

  String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  static UploadStatus named(String wireName) {
    return valueOf(wireName.toUpperCase(Locale.ROOT));
  }
}
