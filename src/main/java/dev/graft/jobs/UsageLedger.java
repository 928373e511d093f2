package dev.graft.jobs;

import dev.graft.platform.database.ResultColumns;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
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
           told as (
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
        from told
       group by day, project_id, user_id, job_id, worker_class
       order by day, project_id, user_id, job_id, worker_class
      """;

  private final JdbcClient sql;

  UsageLedger(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * What was used in one day by one group; a column that was not asked for is null.
   *
   * @param day its begin
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

  /** By day, then by what the query asks for. */
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
}
