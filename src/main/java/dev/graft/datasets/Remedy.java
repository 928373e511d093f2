package dev.graft.datasets;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Changes of rows that need no human judgement, in the order in which they are applied. */
enum Remedy {
  /** ShareGPT's and Alpaca's rows become OpenAI's. */
  CONVERT_TO_CHAT,
  /**
   * Removes byte order marks and control characters; repairs wrongly decoded text where the repair
   * is certain.
   */
  CLEAN_TEXT,
  /** A space at the end of a prompt becomes the beginning of its completion. */
  TRIM_PROMPTS,
  DROP_EMPTY_ANSWERS,
  DROP_EQUAL_PAIRS,
  /** Also near duplicates. */
  DROP_ROWS_IN_VALIDATION,
  DROP_PROMPTS_IN_VALIDATION,
  /** The first stays. */
  DROP_DUPLICATES,
  DROP_NEAR_DUPLICATES;

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<Remedy> named(String wireName) {
    return Arrays.stream(values()).filter(each -> each.wireName().equals(wireName)).findFirst();
  }

  public boolean needsValidation() {
    return this == DROP_ROWS_IN_VALIDATION || this == DROP_PROMPTS_IN_VALIDATION;
  }
}
