package dev.graft.jobs;

import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;

/** What must always hold in the queue's tables, whatever was killed when. */
@Service
public class QueueInvariants {
  private final JdbcClient sql;

  public QueueInvariants(JdbcClient sql) {
    this.sql = sql;
  }

  /** One sentence per violation; empty = all is well. One snapshot, no locks. */
  public List<String> violations() {
    return sql.sql(
            """
            -- invariants
            select 'department ' || d.id || ' counts ' || d.running || ' running jobs, has ' || n as told
              from department d,
                   lateral (select count(*) as n from job
                             where department_id = d.id and state = 'running') r
             where d.running <> n
            union all
            select 'job ' || j.id || ' is ' || j.state || ' with ' || n || ' live leases'
              from job j,
                   lateral (select count(*) as n from job_lease
                             where job_id = j.id and ended_at is null) l
             where n <> case j.state when 'running' then 1 else 0 end
            union all
            select 'job ' || j.id || ' succeeded without a result'
              from job j
             where j.state = 'succeeded' and (j.result_manifest is null or j.fine_tuned_model is null)
            """)
        .query((row, n) -> row.getString("told"))
        .list();
  }
}
