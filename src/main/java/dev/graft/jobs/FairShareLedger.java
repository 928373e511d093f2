package dev.graft.jobs;

import java.util.Optional;
import org.springframework.context.annotation.Profile;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Where departments stand, from the numbers that the claim orders by. */
@Component
@Profile("server")
class FairShareLedger {
  private static final String EXPLAIN =
      """
      -- fair share
      with w as (select id, running, max_running, weight,
      """
          + FairShare.USED
          + " as used, "
          + FairShare.LIVE
          + " as live, "
          + FairShare.SHARE
          + """
                             as share,
                            exists (select 1 from job q
                                     where q.department_id = department.id and q.state = 'queued'
                                       and q.available_at <= (select graft_now())) as waits
                       from department)
          select me.*,
                 (select count(*) from job where department_id = me.id and state = 'queued') as queued,
                 (select count(*) from w o
                   where o.waits and o.running < o.max_running and (o.share, o.id) < (me.share, me.id)) as ahead
            from w me where me.id = :department
          """;

  private final JdbcClient sql;
  private final FairShare settings;

  FairShareLedger(JdbcClient sql, JobProperties settings) {
    this.sql = sql;
    this.settings = settings.fairShare();
  }

  FairShare settings() {
    return settings;
  }

  /**
   * @param used device-seconds of leases that ended, faded to now
   * @param live device-seconds of leases that live, each at least the entry penalty
   * @param share the two together over the weight; the smallest is next
   * @param waits whether a job could start now if a worker asked and the limit allowed it
   * @param ahead other departments with work that may start and a smaller share
   */
  record Standing(
      double weight,
      double used,
      double live,
      double share,
      int running,
      int maxRunning,
      int queued,
      boolean waits,
      int ahead) {}

  Optional<Standing> of(String departmentId) {
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
                    row.getBoolean("waits"),
                    row.getInt("ahead")))
        .optional();
  }
}
