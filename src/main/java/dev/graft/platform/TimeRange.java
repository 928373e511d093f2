package dev.graft.platform;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A time range in a list query, as OpenAI's clients send it: {@code effective_at[gte]=..}, and
 * {@code gt}, {@code lte}, {@code lt}.
 *
 * @param from the earliest time in unix seconds, inclusive; null = any
 * @param until the latest time in unix seconds, inclusive; null = any
 */
public record TimeRange(@Nullable Long from, @Nullable Long until) {
  /** A bound that PostgreSQL can represent, about the year 4000. */
  private static final BigInteger LAST = BigInteger.ONE.shiftLeft(36);

  private static final Set<String> BOUNDS = Set.of("[gt]", "[gte]", "[lt]", "[lte]");

  /**
   * @param name the name of the parameter, such as {@code created_at}
   */
  public static TimeRange parse(Map<String, List<String>> query, String name) {
    for (String each : query.keySet()) {
      if (each.startsWith(name + "[") && !BOUNDS.contains(each.substring(name.length()))) {
        throw RequestFailed.invalid(each, name + " takes [gt], [gte], [lt] and [lte].");
      }
    }
    return new TimeRange(bound(query, name, "gte", "gt", 1), bound(query, name, "lte", "lt", -1));
  }

  private static @Nullable Long bound(
      Map<String, List<String>> query, String name, String inclusive, String exclusive, int step) {
    Long included = seconds(query, name + "[" + inclusive + "]");
    if (included != null) return included;
    Long excluded = seconds(query, name + "[" + exclusive + "]");
    return excluded == null ? null : Long.valueOf(excluded + step);
  }

  private static @Nullable Long seconds(Map<String, List<String>> query, String name) {
    List<String> values = query.get(name);
    if (values == null) return null;
    try {
      BigInteger given = new BigInteger(values.getFirst());
      return given.max(LAST.negate()).min(LAST).longValueExact();
    } catch (NumberFormatException notANumber) {
      throw RequestFailed.invalid(name, name + " must be in Unix seconds.");
    }
  }
}
