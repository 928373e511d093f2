package dev.graft.jobs.queue;

import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Pause and resume, as SQL. A waiting or queued job pauses at once; a running one is told by its
 * worker's next heartbeat, writes a checkpoint and is paused when the lease is released, see {@link
 * LeaseEndings}. A pause that was asked for ends with a result, a failure or a cancellation.
 */
@Component
public class JobPause {
  /** The end of statements that move a job {@code u} without its lease: the numbered event. */
  static final String TOLD =
      """
           p as (update job_progress set last_event = last_event + 1 from u where job_id = u.id
                 returning job_id, last_event)
      insert into job_event (job_id, number, created_at, level, type, message)
      select u.id, p.last_event, graft_now(), 'info', 'message', u.message
        from u join p on p.job_id = u.id
      """;

  private static final String PAUSE =
      """
      -- pause
      with u as (update job
                    set state = case when state = 'running' then state else 'paused' end,
                        pause_requested_at = case when state = 'running' then graft_now() end,
                        asked_by = :by, asked_why = null
                  where id = :job and department_id = :department
                    and state in ('waiting', 'queued', 'running')
                    and pause_requested_at is null and cancel_requested_at is null
                 returning id, case state when 'paused' then 'Fine-tuning job paused'
                                          else 'Pause requested' end as message),
      """
          + TOLD;

  private static final String RESUME =
      """
      -- resume: to the end of the queue, or to wait for its approval; a running job forgets that it should pause
      with u as (update job
                    set state = case when state = 'running' then state
                                     when approval = 'waiting' then 'waiting' else 'queued' end,
                        available_at = case when state = 'paused' then graft_now() else available_at end,
                        pause_requested_at = null, asked_by = :by, asked_why = null
                  where id = :job and department_id = :department
                    and (state = 'paused' or state = 'running' and pause_requested_at is not null)
                 returning id, 'Fine-tuning job resumed' as message),
      """
          + TOLD;

  private final JdbcClient sql;

  JobPause(JdbcClient sql) {
    this.sql = sql;
  }

  /** True if this call asked for the pause; false if the job cannot pause, or is already asked. */
  public boolean pause(String departmentId, String jobId, @Nullable String by) {
    return run(PAUSE, departmentId, jobId, by);
  }

  /** True if this call resumed the job; false if it was not paused. */
  public boolean resume(String departmentId, String jobId, @Nullable String by) {
    return run(RESUME, departmentId, jobId, by);
  }

  private boolean run(String statement, String departmentId, String jobId, @Nullable String by) {
    return sql.sql(statement)
            .param("job", jobId)
            .param("department", departmentId)
            .param("by", by)
            .update()
        == 1;
  }
}
