package dev.graft.evaluation.comparison;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What a difference between two models says. */
enum ComparisonVerdict {
  BETTER,
  WORSE,
  /** It may as well be chance. */
  INCONCLUSIVE;

  @JsonValue
  String wire() {
    return name().toLowerCase(Locale.ROOT);
  }
}
