package dev.graft.jobs;

import dev.graft.tenancy.AuditLog;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.support.TransactionTemplate;

/** What must always hold in the queue's tables, whatever was killed when. */
@Service
class QueueInvariants {
  private final JdbcClient sql;

  public QueueInvariants(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * One sentence per violation; empty = all is well. One snapshot, no locks. Reads running jobs and
   * live leases, by their indexes, and of the others those that are wrong: health checks ask.
   */
  public List<String> violations() {
    return sql.sql(
            """
            -- invariants
            select 'department ' || d.id || ' counts ' || d.running || ' running jobs, has '
                     || coalesce(r.jobs, 0) as told
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
        .query((row, n) -> row.getString("told"))
        .list();
  }

  /**
   * Down while an invariant of the queue is broken. For people: no probe asks it, since a server
   * that is taken out for that mends nothing.
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

  /** Sets counters of running jobs right, and writes each into the log and the audit log. */
  @Service
  static class CounterRepair {
    private static final Logger log = LoggerFactory.getLogger(CounterRepair.class);

    private final RunningCounters counters;
    private final TransactionTemplate transaction;
    private final AuditLog audit;

    CounterRepair(RunningCounters counters, TransactionTemplate transaction, AuditLog audit) {
      this.counters = counters;
      this.transaction = transaction;
      this.audit = audit;
    }

    public void repair() {
      for (String department : counters.wrong()) {
        transaction.executeWithoutResult(
            status -> counters.repair(department).ifPresent(done -> told(department, done)));
      }
    }

    private void told(String department, RunningCounters.Repaired done) {
      audit.write(
          "project.running_jobs.repaired",
          null,
          department,
          department,
          Map.of("counted", done.counted(), "running", done.running()));
      try (var _ = MDC.putCloseable("department", department)) {
        log.atWarn()
            .addKeyValue("counted", done.counted())
            .addKeyValue("running", done.running())
            .log("running_counter_repaired");
      }
    }
  }

  /**
   * What departments count as running, where that is not the number of their running jobs: too much
   * keeps one from what its quota allows, too little lets it run more. Every statement that moves a
   * job moves the counter; rows that were written by hand or restored in part do not.
   */
  @Component
  static class RunningCounters {
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

    /** A statement of its own, so that it sees what was committed before the lock was given. */
    private static final String REPAIR =
        """
        -- repair counter
        update department set running = r.jobs
          from (select count(*) as jobs from job where department_id = :id and state = 'running') r
         where id = :id and running <> r.jobs
        returning running
        """;

    private final JdbcClient sql;

    RunningCounters(JdbcClient sql) {
      this.sql = sql;
    }

    /** A counter that was set right. */
    public record Repaired(int counted, int running) {}

    /** Departments whose counter is wrong. */
    public List<String> wrong() {
      return sql.sql(WRONG).query((row, n) -> row.getString("id")).list();
    }

    /** Within a transaction; empty if it is right by now. */
    public Optional<Repaired> repair(String departmentId) {
      int counted = sql.sql(LOCK).param("id", departmentId).query(Integer.class).single();
      return sql.sql(REPAIR)
          .param("id", departmentId)
          .query(Integer.class)
          .optional()
          .map(running -> new Repaired(counted, running));
    }
  }
}
