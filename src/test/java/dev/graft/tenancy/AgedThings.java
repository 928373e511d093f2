package dev.graft.tenancy;

import dev.graft.adapters.PublishedAdapters;
import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.pg.MovableClock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.UUID;
import org.springframework.boot.test.context.TestComponent;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Things of departments whose clocks began some days ago, by the clock that tests move. */
@TestComponent
public class AgedThings {
  private final JdbcClient sql;
  private final PublishedAdapters adapters;
  private final MovableClock clock;

  AgedThings(JdbcClient sql, PublishedAdapters adapters, MovableClock clock) {
    this.sql = sql;
    this.adapters = adapters;
    this.clock = clock;
  }

  public OffsetDateTime ago(int days) {
    return clock.instant().minus(Duration.ofDays(days)).atOffset(ZoneOffset.UTC);
  }

  /** Its id. */
  public String file(String department, String purpose, int days) {
    String id = "file-" + UUID.randomUUID().toString().replace("-", "").substring(0, 26);
    sql.sql(
            """
            insert into file (id, department_id, filename, purpose, bytes, digest, status, examples, created_at)
            values (:id, :department, 'train.jsonl', :purpose, 4, repeat('a', 64), 'processed', 1, :at)
            """)
        .param("id", id)
        .param("department", department)
        .param("purpose", purpose)
        .param("at", ago(days))
        .update();
    return id;
  }

  /** The id of an evaluation that ended then. */
  public String evaluation(String department, int days) {
    String id = "eval_" + UUID.randomUUID();
    sql.sql(
            """
            insert into evaluation (id, department_id, status, file_id, models, plan, created_at, ended_at)
            values (:id, :department, 'cancelled', 'file-1', '{tiny}',
                    '{"models": ["tiny"], "file": "file-1", "max_samples": 1, "max_completion_tokens": 1, "seed": 1,
                      "graders": [], "gates": []}', :at, :at)
            """)
        .param("id", id)
        .param("department", department)
        .param("at", ago(days))
        .update();
    return id;
  }

  /** A job that has succeeded, with a checkpoint, an event and a file of results. */
  public Published ended(String department, String parent, int days) throws Exception {
    Published made = adapters.publish(department, "", parent);
    sql.sql("update adapter set created_at = :at where id = :id")
        .param("at", ago(days))
        .param("id", made.id())
        .update();
    sql.sql("update job set finished_at = :at, result_files = array[:file] where id = :job")
        .param("at", ago(days))
        .param("file", file(department, "fine-tune-results", days))
        .param("job", made.jobId())
        .update();
    sql.sql(
            """
            with e as (insert into job_event (job_id, number, created_at, level, type, message)
                       values (:job, 1, :at, 'info', 'message', 'Created'))
            insert into job_checkpoint (id, job_id, epoch, step, manifest, metrics, created_at)
            select 'ftckpt_' || :job, :job, 1, 10, manifest, '{}', :at from adapter where job_id = :job
            """)
        .param("job", made.jobId())
        .param("at", ago(days))
        .update();
    return made;
  }

  /** The job is in a state again, and perhaps continues from another model. */
  public void reopen(String job, String state, String parent) {
    sql.sql(
            "update job set state = :state, finished_at = null, parent_model = :parent where id ="
                + " :job")
        .param("state", state)
        .param("parent", parent)
        .param("job", job)
        .update();
  }

  public void trainsOn(String job, String file) {
    sql.sql("update job set training_file = :file where id = :job")
        .param("file", file)
        .param("job", job)
        .update();
  }

  public void end(String job) {
    sql.sql("update job set state = 'cancelled', finished_at = :at where id = :job")
        .param("at", ago(0))
        .param("job", job)
        .update();
  }
}
