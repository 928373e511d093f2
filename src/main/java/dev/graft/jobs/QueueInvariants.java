package dev.graft.jobs;

import dev.graft.tenancy.AuditLog;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.support.TransactionTemplate;

/** Checks the conditions that always hold in the queue's tables, whatever process dies when. */
@Service
class QueueInvariants {
  private final JdbcClient sql;

  QueueInvariants(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * Returns one sentence per violation; empty = all conditions hold. Takes one snapshot and no
   * locks. Health checks call it: it reads running jobs and live leases by their indexes, and no
   * other rows except violations.
   */
  List<String> violations() {
    return sql.sql(
            """
            -- invariants
            select 'department ' || d.id || ' counts ' || d.running || ' running jobs, has '
                     || coalesce(r.jobs, 0) as violation
              from department d
              left join (select department_id, count(*) as jobs from job where state = 'running'
                          group by department_id) r on r.department_id = d.id
             where d.running <> coalesce(r.jobs, 0)
            union all
            select 'job ' || j.id || ' is running without a live lease'
              from job j left join job_lease l on l.job_id = j.id and l.ended_at is null
             where j.state = 'running' and l.job_id is null
            union all
            select 'job ' || j.id || ' is ' || j.state || ' with a live lease'
              from job_lease l join job j on j.id = l.job_id
             where l.ended_at is null and j.state <> 'running'
            union all
            select 'job ' || j.id || ' succeeded without a result'
              from job j
             where j.state = 'succeeded' and (j.result_manifest is null or j.fine_tuned_model is null)
            """)
        .query((row, n) -> row.getString("violation"))
        .list();
  }

  /**
   * Down while an invariant of the queue is broken. It is for people: no probe uses it, because
   * taking a server out of service would repair nothing.
   */
  @Component("queueHealth") // the name of the check in the health endpoint
  static class QueueHealth extends AbstractHealthIndicator {
    private final QueueInvariants invariants;

    QueueHealth(QueueInvariants invariants) {
      this.invariants = invariants;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
      List<String> violations = invariants.violations();
      if (violations.isEmpty()) builder.up();
      else builder.down().withDetail("violations", violations.size());
    }
  }

  /**
   * Corrects the counters of running jobs of departments, and writes each correction into the log
   * and the audit log. A counter that is too high keeps a department from what its quota allows,
   * one that is too low lets it run more. Every statement that moves a job moves the counter; rows
   * that were written by hand or restored in part do not.
   */
  @Service
  static class CounterRepair {
    private static final Logger log = LoggerFactory.getLogger(CounterRepair.class);

    private static final String WRONG =
        """
        -- wrong counters
        with r as (select department_id, count(*) as jobs from job where state = 'running' group by 1)
        select d.id from department d left join r on r.department_id = d.id
         where d.running <> coalesce(r.jobs, 0)
         order by d.id
        """;

    private static final String LOCK =
        "-- lock counter\nselect running from department where id = :id for no key update";

    /** A statement of its own, so that it sees what was committed before the lock was taken. */
    private static final String REPAIR =
        """
        -- repair counter
        update department set running = r.jobs
          from (select count(*) as jobs from job where department_id = :id and state = 'running') r
         where id = :id and running <> r.jobs
        returning running
        """;

    private final JdbcClient sql;
    private final TransactionTemplate transaction;
    private final AuditLog audit;

    CounterRepair(JdbcClient sql, TransactionTemplate transaction, AuditLog audit) {
      this.sql = sql;
      this.transaction = transaction;
      this.audit = audit;
    }

    void repair() {
      for (String department : sql.sql(WRONG).query((row, n) -> row.getString(1)).list()) {
        transaction.executeWithoutResult(status -> repair(department));
      }
    }

    private void repair(String department) {
      int counted = sql.sql(LOCK).param("id", department).query(Integer.class).single();
      sql.sql(REPAIR)
          .param("id", department)
          .query(Integer.class)
          .optional()
          .ifPresent(running -> report(department, counted, running));
    }

    private void report(String department, int counted, int running) {
      audit.write(
          "project.running_jobs.repaired",
          null,
          department,
          department,
          Map.of("counted", counted, "running", running));
      try (var _ = MDC.putCloseable("department", department)) {
        log.atWarn()
            .addKeyValue("counted", counted)
            .addKeyValue("running", running)
            .log("running_counter_repaired");
      }
    }
  }
}
