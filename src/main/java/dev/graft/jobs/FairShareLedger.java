package dev.graft.jobs;

import dev.graft.jobs.Claims.FairShare;
import dev.graft.platform.EveryDepartment;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionOperations;

/** Reads the position of departments, from the numbers by which the claim orders them. */
@Component
class FairShareLedger {
  private static final Claims.JobsThatFit.Offered OFFER =
      new Claims.JobsThatFit.Offered(
          "f.classes", "f.kind", "f.capability", "f.devices", "f.memory");

  /**
   * Returns a condition: the department has a job that could start now on an available device, or
   * any job if no device is available. {@code offers} is {@link WorkerDevices#OFFERS}.
   */
  private static String waits(String department) {
    return """
    case when exists (select from offers where there)
         then exists (select from offers f where f.there and %2$s)
         else exists (select from job q
                       where q.department_id = %1$s and q.state = 'queued'
                         and q.available_at <= (select graft_now())
                       order by q.queue_order limit 1) end\
    """
        .formatted(department, Claims.JobsThatFit.startable(department, OFFER));
  }

  private static final String EXPLAIN =
      """
      -- fair share
      with offers as materialized (
      """
          + WorkerDevices.OFFERS
          + """
                                  ),
               w as (select id, running, max_running, weight,
          """
          + FairShare.USED
          + " as used, "
          + FairShare.LIVE
          + " as live, "
          + FairShare.SHARE
          + """
                             as share,
          """
          + waits("department.id")
          + """
                             as waits
                       from department)
          select me.*,
                 (select count(*) from job where department_id = me.id and state = 'queued') as queued,
                 first.resources, first.memory_bytes,
          """
          + WorkerDevices.gathered("offers")
          + """
                                                          as offers,
                 (select count(*) from w o
                   where o.waits and o.running < o.max_running and (o.share, o.id) < (me.share, me.id)) as ahead
            from w me left join lateral
                 (select resources, memory_bytes from job
                   where department_id = me.id and state = 'queued' and available_at <= (select graft_now())
                   order by queue_order, id limit 1) first on true
           where me.id = :department
          """;

  /** Departments ahead are counted up to this number, so that the cost does not grow with them. */
  static final int COUNTED = 100;

  private static final String TURN =
      """
      -- turn
      with w as materialized (select id, running, max_running, %1$s as share from department),
           me as (select * from w where id = :department),
           offers as materialized (%4$s)
      select me.running, me.max_running, %6$s as offers,
             exists (select from worker
                      where revoked_at is null and cordoned_at is null
                        and last_seen_at > (select graft_now()) - interval '1 minute')
               or exists (select from job_lease where ended_at is null) as workers,
             (select count(*)
                from (select from
                        (select w.id from w, me
                          where w.running < w.max_running and (w.share, w.id) < (me.share, me.id)
                         offset 0) o
                       where %5$s
                       limit %3$d) counted) as ahead,
             (select array_agg(e.at order by e.at)
                from (select %2$s as at
                        from job j join job_lease l on l.job_id = j.id and l.ended_at is null
                        join job_progress p on p.job_id = j.id
                       where j.department_id = :department and j.state = 'running') e
               where e.at is not null) as own_ends,
             (select min(%2$s)
                from job_lease l join job_progress p on p.job_id = l.job_id
               where l.ended_at is null) as first_end
        from me
      """
          .formatted(
              FairShare.SHARE,
              JobRows.EXPECTED_END,
              COUNTED + 1,
              WorkerDevices.OFFERS,
              waits("o.id"),
              WorkerDevices.gathered("offers"));

  private final JdbcClient sql;
  private final TransactionOperations transaction;
  private final FairShare settings;

  FairShareLedger(JdbcClient sql, TransactionOperations transaction, JobProperties settings) {
    this.sql = sql;
    this.transaction = transaction;
    this.settings = settings.fairShare();
  }

  FairShare settings() {
    return settings;
  }

  /**
   * The position of a department.
   *
   * @param used device-seconds of ended leases, decayed to now
   * @param live device-seconds of live leases, each at least the entry penalty
   * @param share the sum of both divided by the weight; the lowest is next
   * @param first needs of the first job that is not between two attempts; null = there is none
   * @param offers of workers that asked for work in the last 30 days
   * @param waits whether a job could start now if a worker asked and the limit allowed it
   * @param ahead other departments that have startable jobs and a lower share
   */
  record Standing(
      double weight,
      double used,
      double live,
      double share,
      int running,
      int maxRunning,
      int queued,
      @Nullable JobNeeds first,
      List<WorkerDevices.DeviceOffer> offers,
      boolean waits,
      int ahead) {}

  Optional<Standing> of(String departmentId) {
    return EveryDepartment.call(() -> explain(departmentId));
  }

  private Optional<Standing> explain(String departmentId) {
    return sql.sql(EXPLAIN)
        .param("department", departmentId)
        .param("half_life", settings.halfLifeSeconds())
        .param("penalty", settings.penaltySeconds())
        .query(
            (row, n) ->
                new Standing(
                    row.getDouble("weight"),
                    row.getDouble("used"),
                    row.getDouble("live"),
                    row.getDouble("share"),
                    row.getInt("running"),
                    row.getInt("max_running"),
                    row.getInt("queued"),
                    first(row),
                    WorkerDevices.DeviceOffer.list(row.getString("offers")),
                    row.getBoolean("waits"),
                    row.getInt("ahead")))
        .optional();
  }

  private static @Nullable JobNeeds first(ResultSet row) throws SQLException {
    return row.getObject("memory_bytes") == null ? null : JobNeeds.of(row);
  }

  /** Returns what the department's jobs wait for; reads a bounded number of jobs. */
  QueuePlace.QueueTurn turn(String departmentId) {
    JdbcClient.StatementSpec turn =
        sql.sql(TURN)
            .param("department", departmentId)
            .param("half_life", settings.halfLifeSeconds())
            .param("penalty", settings.penaltySeconds());
    return EveryDepartment.call(() -> transaction.execute(status -> plannedOnce(turn)));
  }

  /**
   * Planning takes ten times as long as execution here, and PostgreSQL would plan the statement
   * again for each department.
   */
  private QueuePlace.QueueTurn plannedOnce(JdbcClient.StatementSpec turn) {
    sql.sql("set local plan_cache_mode = force_generic_plan").update();
    return turn.query(QueuePlace.QueueTurn::of).single();
  }
}
