package dev.graft.jobs;

import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * What departments count as running, where that is not the number of their running jobs: too much
 * keeps one from what its quota allows, too little lets it run more. Every statement that moves a
 * job moves the counter; rows that were written by hand or restored in part do not.
 */
@Component
class RunningCounters {
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
