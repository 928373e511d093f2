package dev.graft.datasets;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** How much a finding matters. */
enum Severity {
  /** What is trained or measured will be wrong. */
  ERROR,
  /** It will be worse than it could be, or must not be in there. */
  WARNING,
  /** Worth a look. */
  ADVICE;

  /** By how many of the rows it is about. */
  public static Severity byShare(long count, long rows) {
    if (count * 5 > rows) return ERROR;
    return count * 20 > rows ? WARNING : ADVICE;
  }

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
