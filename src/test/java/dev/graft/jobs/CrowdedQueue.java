package dev.graft.jobs;

import dev.graft.pg.TestPostgres;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * 100,000 waiting jobs of 1,000 departments, a fifth of them one department's, 30,000 that have
 * ended, and a job of 20,000 events.
 */
final class CrowdedQueue {
  static final int DEPARTMENTS = 1_000;
  static final int OF_BUSY = 20_000;
  static final String BUSY = "proj_busy";
  static final String WORKER = "wkr_1";

  /** The busy department's next. */
  static final String FIRST = "ftjob-busy-1";

  /** In the middle of the busy department's jobs, by time of creation as in the queue. */
  static final String MIDDLE = "ftjob-busy-10000";

  /** The busy department's last in the queue. */
  static final String LAST = "ftjob-busy-20000";

  /** Has 20,000 events. */
  static final String TALKATIVE = "ftjob-ended-1";

  private static final List<String> LOAD =
      List.of(
          """
          insert into department (id, name, max_running, created_at)
          select 'proj_' || n, 'd' || n, 4, graft_now() from generate_series(1, 999) n
          union all select 'proj_busy', 'busy', 4, graft_now()
          """,
          "insert into worker (id, name, created_at) values ('wkr_1', 'w', graft_now())",
          jobs("'ftjob-' || n", "'proj_' || n % 999 + 1", "queued", 80_000),
          jobs("'ftjob-busy-' || n", "'proj_busy'", "queued", 20_000),
          jobs("'ftjob-ended-' || n", "'proj_' || n % 999 + 1", "succeeded", 30_000),
          "insert into job_progress (job_id, last_event) select id, 1 from job",
          """
          insert into job_event (job_id, number, created_at, level, type, message)
          select id, 1, graft_now(), 'info', 'message', 'Created fine-tuning job' from job
          """,
          """
          insert into job_event (job_id, number, created_at, level, type, message)
          select 'ftjob-ended-1', n, graft_now(), 'info', 'message', 'Step ' || n
            from generate_series(2, 20000) n
          """,
          """
          insert into job_lease (job_id, epoch, token, worker_id, claimed_at, expires_at, ended_at,
                                 outcome)
          select id, 1, gen_random_uuid(), 'wkr_1', created_at, created_at, created_at, 'completed'
            from job where state = 'succeeded'
          """);

  private CrowdedQueue() {}

  /** Job n was created n seconds after the first; every thousandth has the same run. */
  private static String jobs(String id, String department, String state, int count) {
    return """
    insert into job (id, department_id, created_at, state, base_model, base_manifest,
                     training_file, training_digest, seed, method, hyperparameters, adapter,
                     metadata, available_at, finished_at)
    select %s, %s, t.at, '%s', 'b', repeat('a', 64), 'f', repeat('a', 64), 1, '{}', '{}', '{"peft": {"r": 8}}',
           jsonb_build_object('run', (n %% 1000)::text, 'team', 'a'), t.at,
           case '%3$s' when 'queued' then null else t.at end
      from generate_series(1, %d) n,
           lateral (select graft_now() - interval '60 d' + n * interval '1 s' as at) t
    """
        .formatted(id, department, state, count);
  }

  static TestPostgres.Address load() {
    TestPostgres.Address address = Databases.migrated();
    JdbcClient sql = JdbcClient.create(Databases.dataSource(address));
    // Nothing to check: what is inserted refers to what was inserted before.
    String load = "set session_replication_role = replica;\n" + String.join(";\n", LOAD);
    sql.sql(load).update();
    sql.sql("vacuum analyze").update();
    return address;
  }
}
