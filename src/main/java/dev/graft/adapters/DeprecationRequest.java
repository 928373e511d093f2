package dev.graft.adapters;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The {@code deprecation} of a change: an object, or null to take one back.
 *
 * @param notice of 1 to 1000 characters
 */
record DeprecationRequest(String notice, @Nullable Instant retiresAt) {
  private static final int LONGEST = 1000;
  private static final long YEAR_9999 = 253_402_300_799L;
  public static final String NAME = "deprecation";

  /** Null where it is taken back. */
  public static @Nullable DeprecationRequest of(JsonNode said) {
    if (said.isNull()) return null;
    if (!said.isObject()) throw RequestFailed.invalid(NAME, NAME + " must be an object or null.");
    for (String key : said.propertyNames()) {
      if (!key.equals("notice") && !key.equals("retires_at")) throw unknown(NAME + "." + key);
    }
    return new DeprecationRequest(notice(said.path("notice")), retiresAt(said.path("retires_at")));
  }

  private static String notice(JsonNode notice) {
    String text = notice.asString("").strip();
    if (notice.isString() && !text.isEmpty() && text.length() <= LONGEST) return text;
    throw RequestFailed.invalid(
        NAME + ".notice", "must say in 1 to " + LONGEST + " characters what to use instead");
  }

  private static @Nullable Instant retiresAt(JsonNode at) {
    if (at.isNull() || at.isMissingNode()) return null;
    if (at.isIntegralNumber() && at.canConvertToLong()) {
      long seconds = at.longValue();
      if (seconds >= 0 && seconds <= YEAR_9999) return Instant.ofEpochSecond(seconds);
    }
    throw RequestFailed.invalid(NAME + ".retires_at", "must be unix seconds");
  }

  public static RequestFailed unknown(String key) {
    return new RequestFailed(
        ProblemType.UNKNOWN_PARAMETER, "Unknown parameter: '" + key + "'.", key);
  }
}
