package dev.graft.jobs;

import dev.graft.platform.RequestFailed;
import dev.graft.platform.database.ResultColumns;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Device time by department, account, job and class of worker, from the leases themselves. A lease
 * counts on the day it ends, with the price of the moment it began; a live one counts today.
 */
@Component
class UsageLedger {
  private static final String USE =
      """
      -- use
      with ended as (
             select l.job_id, l.worker_id, l.claimed_at, l.ended_at as until_, l.outcome
               from job_lease l where l.ended_at >= :from and l.ended_at < :to
             union all
             select l.job_id, l.worker_id, l.claimed_at, least(graft_now(), l.expires_at), null
               from job_lease l
              where l.ended_at is null and graft_now() >= :from and graft_now() < :to),
           used as (
             select (e.until_ at time zone 'UTC')::date as day,
                    case when :by_project then j.department_id end as project_id,
                    case when :by_user then j.submitted_by end as user_id,
                    case when :by_job then j.id end as job_id,
                    case when :by_class then w.class end as worker_class,
                    j.id as job,
                    devices_of(j.device_needs)
                      * greatest(0, extract(epoch from e.until_ - e.claimed_at)) as seconds,
                    case when e.outcome = 'completed' then p.trained_tokens else 0 end as tokens,
                    (select price from device_price d
                      where d.class = w.class and d.valid_from <= e.claimed_at
                      order by d.valid_from desc limit 1) as price
               from ended e
               join job j on j.id = e.job_id
               join job_progress p on p.job_id = j.id
               join worker w on w.id = e.worker_id
              where :departments::text[] = '{}' or j.department_id = any(:departments::text[]))
      select day, project_id, user_id, job_id, worker_class, count(distinct job) as jobs,
             sum(seconds) as seconds, sum(tokens) as tokens,
             round(sum(seconds * coalesce(price, 0))::numeric, 6) as amount
        from used
       group by day, project_id, user_id, job_id, worker_class
       order by day, project_id, user_id, job_id, worker_class
      """;

  private final JdbcClient sql;

  UsageLedger(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * The use of one day by one group; a column that was not asked for is null.
   *
   * @param day begin of the day
   * @param amount in the currency of the prices
   */
  record Use(
      Instant day,
      @Nullable String projectId,
      @Nullable String userId,
      @Nullable String jobId,
      @Nullable String workerClass,
      long jobs,
      double deviceSeconds,
      long trainedTokens,
      BigDecimal amount) {

    static Use of(ResultSet row, int number) throws SQLException {
      return new Use(
          row.getObject("day", LocalDate.class).atStartOfDay().toInstant(ZoneOffset.UTC),
          row.getString("project_id"),
          row.getString("user_id"),
          row.getString("job_id"),
          row.getString("worker_class"),
          row.getLong("jobs"),
          row.getDouble("seconds"),
          row.getLong("tokens"),
          row.getBigDecimal("amount"));
    }
  }

  /** Returns the use by day, then by the columns of the query. */
  List<Use> use(UsageQuery query) {
    return sql.sql(USE)
        .param("from", ResultColumns.parameter(query.from()))
        .param("to", ResultColumns.parameter(query.to()))
        .param("by_project", query.by().contains(UsageQuery.By.PROJECT_ID))
        .param("by_user", query.by().contains(UsageQuery.By.USER_ID))
        .param("by_job", query.by().contains(UsageQuery.By.JOB_ID))
        .param("by_class", query.by().contains(UsageQuery.By.WORKER_CLASS))
        .param("departments", query.departments().toArray(String[]::new))
        .query(Use::of)
        .list();
  }

  /**
   * A query for use, by whole days of UTC.
   *
   * @param from begin of the first day
   * @param to end of the last day of this page
   * @param until end of all pages
   * @param departments only these; empty = all
   * @param by columns by which the use of a day is grouped
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

    /** Reads a query in OpenAI's form; {@code page} is the begin of the page's first day. */
    static UsageQuery parse(Map<String, List<String>> query, Instant now) {
      Instant asked = day(seconds(query, "start_time"));
      Instant page = day(seconds(query, "page"));
      if (asked == null)
        throw RequestFailed.invalid("start_time", "start_time is required, in Unix seconds.");
      Instant start = page == null ? asked : page;
      String width = one(query, "bucket_width");
      if (width != null && !width.equals("1d")) {
        throw RequestFailed.invalid(
            "bucket_width", "Usage is reported per day: bucket_width must be 1d.");
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
              "group_by", "group_by accepts project_id, user_id, job_id and worker_class.");
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
        // refused below
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
        // refused below
      }
      throw RequestFailed.invalid(name, name + " must be in Unix seconds.");
    }

    private static @Nullable String one(Map<String, List<String>> query, String name) {
      List<String> values = query.get(name);
      return values == null || values.isEmpty() ? null : values.getFirst();
    }
  }
}
