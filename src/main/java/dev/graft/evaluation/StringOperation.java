package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** The operations of OpenAI's {@code string_check}. */
enum StringOperation {
  /** Equal. */
  EQ,
  /** Not equal. */
  NE,
  /** The answer contains the reference. */
  LIKE,
  /** As {@link #LIKE}, in any case. */
  ILIKE;

  boolean holds(String answer, String reference) {
    return switch (this) {
      case EQ -> answer.equals(reference);
      case NE -> !answer.equals(reference);
      case LIKE -> answer.contains(reference);
      case ILIKE -> folded(answer).contains(folded(reference));
    };
  }

  private static String folded(String text) {
    return text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
  }

  @JsonValue
  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }
}
