package dev.graft.jobs;

import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;

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
}
