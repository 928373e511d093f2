package dev.graft.jobs.queue;

import dev.graft.tenancy.Actor;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Approval, as SQL. A job of a department that asks for it is {@code JobState#WAITING} from its
 * submission on. Approval puts it into the queue, at the end; a paused one goes there when it is
 * resumed. Four eyes: whoever submitted a job decides nothing about it, nor does a key that they
 * have made.
 */
@Component
public class JobApproval {
  private static final String UNDECIDED_BY_OTHERS =
      """
                  where id = :job and department_id = :department
                    and approval = 'waiting' and state in ('waiting', 'paused')
                    and submitted_by is distinct from :by
                    and not exists (select from api_key k
                                     where k.id = :key::text and k.created_by = job.submitted_by)
      """;

  private static final String SAID = "account_name(:by) || coalesce(': ' || :comment::text, '')";

  private static final String APPROVE =
      """
      -- approve
      with u as (update job
                    set approval = 'approved',
                        state = case when state = 'waiting' then 'queued' else state end,
                        available_at = case when state = 'waiting' then graft_now() else available_at end
      """
          + UNDECIDED_BY_OTHERS
          + "returning id, 'Fine-tuning job approved by ' || "
          + SAID
          + " as message),\n"
          + JobPause.TOLD;

  private static final String REJECT =
      """
      -- reject
      with u as (update job
                    set approval = 'rejected', state = 'cancelled',
                        cancel_requested_at = graft_now(), finished_at = graft_now(),
                        asked_by = :by, asked_why = :comment
      """
          + UNDECIDED_BY_OTHERS
          + "returning id, 'Fine-tuning job rejected by ' || "
          + SAID
          + " as message),\n"
          + JobPause.TOLD;

  private final JdbcClient sql;

  JobApproval(JdbcClient sql) {
    this.sql = sql;
  }

  /** True if this call approved the job; false if it waits for no approval, or not for theirs. */
  public boolean approve(String departmentId, String jobId, Actor by, @Nullable String comment) {
    return decide(APPROVE, departmentId, jobId, by, comment);
  }

  /** True if this call ended the job; false as {@link #approve}. */
  public boolean reject(String departmentId, String jobId, Actor by, @Nullable String comment) {
    return decide(REJECT, departmentId, jobId, by, comment);
  }

  private boolean decide(
      String statement, String departmentId, String jobId, Actor by, @Nullable String comment) {
    return sql.sql(statement)
            .param("job", jobId)
            .param("department", departmentId)
            .param("by", by.account())
            .param("key", by.keyId())
            .param("comment", comment)
            .update()
        == 1;
  }
}
