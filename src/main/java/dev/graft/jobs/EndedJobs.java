package dev.graft.jobs;

import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.Retained;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * What retention takes from jobs that have ended, as SQL. Nobody else writes them any more: the
 * row's lock keeps two removals apart.
 */
@Component
class EndedJobs {
  private static final String UNTOLD_CHECKPOINTS =
      """
      -- untold checkpoints
      select id, coalesce(fine_tuned_model, id) as name, finished_at from job j
       where department_id = :department and finished_at <= :latest and checkpoints_deleted_at is null
         and exists (select from job_checkpoint c where c.job_id = j.id)
         and not exists (select from retention_notice n
                          where n.kind = 'checkpoints' and n.resource_id = j.id collate "C")
       order by finished_at, id limit :limit
      """;

  private static final String UNTOLD_LOGS =
      """
      -- untold logs
      select id, coalesce(fine_tuned_model, id) as name, finished_at from job j
       where department_id = :department and finished_at <= :latest and logs_deleted_at is null
         and not exists (select from retention_notice n
                          where n.kind = 'logs' and n.resource_id = j.id collate "C")
       order by finished_at, id limit :limit
      """;

  private static final String MOVE_EVENTS =
      """
      -- move events
      with old as (select id from job
                    where finished_at is not null and finished_at <= :latest and events_moved_at is null
                    order by finished_at limit :limit for update skip locked),
           moved as (delete from job_event using old where job_id = old.id returning job_event.*),
           kept as (insert into job_event_history (job_id, number, created_at, level, type, message, data)
                    select job_id, number, created_at, level, type, message, data from moved)
      update job set events_moved_at = graft_now() from old where job.id = old.id
      """;

  private final JdbcClient sql;

  EndedJobs(JdbcClient sql) {
    this.sql = sql;
  }

  public List<Retained.Thing> untoldCheckpoints(String departmentId, Instant latest, int limit) {
    return untold(UNTOLD_CHECKPOINTS, departmentId, latest, limit);
  }

  public List<Retained.Thing> untoldLogs(String departmentId, Instant latest, int limit) {
    return untold(UNTOLD_LOGS, departmentId, latest, limit);
  }

  private List<Retained.Thing> untold(
      String statement, String departmentId, Instant latest, int limit) {
    return sql.sql(statement)
        .param("department", departmentId)
        .param("latest", ResultColumns.parameter(latest))
        .param("limit", limit)
        .query(EndedJobs::thing)
        .list();
  }

  private static Retained.Thing thing(ResultSet row, int number) throws SQLException {
    return new Retained.Thing(
        row.getString("id"), row.getString("name"), ResultColumns.time(row, "finished_at"));
  }

  /** False if the job has none any more, or has not ended. */
  public boolean lockWithCheckpoints(String departmentId, String jobId) {
    return locked(
        """
        -- lock with checkpoints
        select 1 from job
         where id = :job and department_id = :department and finished_at is not null
           and checkpoints_deleted_at is null
           for update
        """,
        departmentId,
        jobId);
  }

  /** As {@link #lockWithCheckpoints}, for events and results. */
  public boolean lockWithLogs(String departmentId, String jobId) {
    return locked(
        """
        -- lock with logs
        select 1 from job
         where id = :job and department_id = :department and finished_at is not null
           and logs_deleted_at is null
           for update
        """,
        departmentId,
        jobId);
  }

  private boolean locked(String statement, String departmentId, String jobId) {
    return sql.sql(statement)
        .param("job", jobId)
        .param("department", departmentId)
        .query(Integer.class)
        .optional()
        .isPresent();
  }

  /** Whether an unfinished job continues from what this one has made. */
  public boolean needed(String jobId) {
    return sql.sql(
            """
            -- needed
            select exists (select from job
                            where job_of_model(parent_model) = :job and parent_model is not null
                              and finished_at is null)
            """)
        .param("job", jobId)
        .query(Boolean.class)
        .single();
  }

  /** Returns how many there were. */
  public int deleteCheckpoints(String jobId) {
    sql.sql("update job set checkpoints_deleted_at = graft_now() where id = :job")
        .param("job", jobId)
        .update();
    return sql.sql("delete from job_checkpoint where job_id = :job").param("job", jobId).update();
  }

  /**
   * Moves the events of jobs that ended by then into their history.
   *
   * @return of how many jobs, at most {@code limit}
   */
  public int moveEvents(Instant latest, int limit) {
    return sql.sql(MOVE_EVENTS)
        .param("latest", ResultColumns.parameter(latest))
        .param("limit", limit)
        .update();
  }

  /** Returns the files that the job names no more. */
  public List<String> deleteLogs(String jobId) {
    List<String> results =
        sql.sql("select unnest(result_files) as file from job where id = :job")
            .param("job", jobId)
            .query((row, n) -> row.getString("file"))
            .list();
    sql.sql("update job set logs_deleted_at = graft_now(), result_files = '{}' where id = :job")
        .param("job", jobId)
        .update();
    sql.sql("delete from job_event where job_id = :job").param("job", jobId).update();
    sql.sql("delete from job_event_history where job_id = :job").param("job", jobId).update();
    return results;
  }
}
