package dev.graft.jobs;

import dev.graft.platform.RequestFailed;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which use is asked for, by whole days of UTC.
 *
 * @param from begin of the first day
 * @param to end of the last day of this page
 * @param until end of all pages
 * @param departments only these; empty = all
 * @param by what the use of a day is told apart by
 */
record UsageQuery(Instant from, Instant to, Instant until, List<String> departments, Set<By> by) {
  enum By {
    PROJECT_ID,
    USER_ID,
    JOB_ID,
    WORKER_CLASS
  }

  private static final int NORMAL_DAYS = 7;
  private static final int MOST_DAYS = 31;

  /** As OpenAI's usage queries are sent; {@code page} is the begin of its first day. */
  static UsageQuery parse(Map<String, List<String>> query, Instant now) {
    Instant asked = day(seconds(query, "start_time"));
    Instant page = day(seconds(query, "page"));
    if (asked == null) throw RequestFailed.invalid("start_time", "Say start_time in unix seconds.");
    Instant start = page == null ? asked : page;
    String width = one(query, "bucket_width");
    if (width != null && !width.equals("1d")) {
      throw RequestFailed.invalid("bucket_width", "Use is told by the day: bucket_width is 1d.");
    }
    Instant last = start.plus(days(one(query, "limit")), ChronoUnit.DAYS);
    Long until = seconds(query, "end_time");
    Instant end = until == null ? now : Instant.ofEpochSecond(until);
    Instant whole = end.truncatedTo(ChronoUnit.DAYS);
    if (whole.isBefore(end)) whole = whole.plus(1, ChronoUnit.DAYS);
    return new UsageQuery(
        start,
        whole.isBefore(last) ? whole : last,
        end,
        query.getOrDefault("project_ids[]", List.of()),
        by(query.getOrDefault("group_by[]", List.of())));
  }

  UsageQuery of(String department) {
    return new UsageQuery(from, to, until, List.of(department), by);
  }

  private static Set<By> by(List<String> names) {
    Set<By> by = EnumSet.noneOf(By.class);
    for (String name : names) {
      try {
        by.add(By.valueOf(name.toUpperCase(Locale.ROOT)));
      } catch (IllegalArgumentException unknown) {
        throw RequestFailed.invalid(
            "group_by", "group_by takes project_id, user_id, job_id and worker_class.");
      }
    }
    return by;
  }

  private static int days(@Nullable String limit) {
    if (limit == null) return NORMAL_DAYS;
    try {
      int days = Integer.parseInt(limit);
      if (days >= 1 && days <= MOST_DAYS) return days;
    } catch (NumberFormatException notANumber) {
      // told below
    }
    throw RequestFailed.invalid("limit", "limit must be a number of days from 1 to 31.");
  }

  private static @Nullable Instant day(@Nullable Long seconds) {
    return seconds == null ? null : Instant.ofEpochSecond(seconds).truncatedTo(ChronoUnit.DAYS);
  }

  private static @Nullable Long seconds(Map<String, List<String>> query, String name) {
    String text = one(query, name);
    if (text == null) return null;
    try {
      long seconds = Long.parseLong(text);
      if (seconds >= 0 && seconds < 1L << 40) return seconds;
    } catch (NumberFormatException notANumber) {
      // told below
    }
    throw RequestFailed.invalid(name, name + " must be unix seconds.");
  }

  private static @Nullable String one(Map<String, List<String>> query, String name) {
    List<String> values = query.get(name);
    return values == null || values.isEmpty() ? null : values.getFirst();
  }
}
