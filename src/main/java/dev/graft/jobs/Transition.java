package dev.graft.jobs;

/**
 * What the statements that move a job have in common, as SQL: each names what it has moved {@code
 * u} (one row: id, level, message) and ends with one of these. Job, event and counter move in one
 * statement, so that no crash can part them.
 */
final class Transition {
  private Transition() {}

  /** Writes the event of {@code u} under the number that {@code p} gave out. */
  static final String WRITTEN =
      """
           e as (insert into job_event (job_id, number, created_at, level, type, message)
                 select u.id, p.last_event, graft_now(), u.level, 'message', u.message
                   from u, p)
      """;

  /** The event is numbered and written; nothing else moves. */
  static final String TOLD = told("") + "select u.id from u\n";

  /**
   * The end of a lease {@code l} (worker_id and device_seconds), of {@code u} also department_id,
   * state, restart_epoch and device_seconds: the event, the department's free slot, and what the
   * department is charged. A job that will be run again is back where {@code b}, its newest
   * checkpoint, has it; what it told of later steps goes, so that it does not stand beside what the
   * next run tells. A counter that is too low already stops no job from ending: {@link
   * QueueInvariants.CounterRepair} repairs it.
   */
  static final String TOLD_AND_COUNTED =
      """
           b as (select u.id, c.step, c.job_epoch, c.trained_tokens,
                        case when u.state <> 'queued' then ''
                             when c.step is not null
                               then '; the job continues from its checkpoint at step ' || c.step
                             when exists (select from job_checkpoint where job_id = u.id)
                               then '; the job starts again'
                             else '; the job starts again: no checkpoint yet' end as from_where
                   from u left join lateral
                        (select * from job_checkpoint
                          where job_id = u.id and epoch > u.restart_epoch
                          order by epoch desc, step desc limit 1) c on true
                  where u.state in ('queued', 'paused')),
           v as (delete from job_event using b
                  where job_id = b.id and type = 'metrics'
                    and (data ->> 'step')::int > coalesce(nullif(b.step, 0), -1)),
           p as (update job_progress
                    set last_event = last_event + 1, validating = false,
                        step = case when b.id is null then job_progress.step
                                    else coalesce(b.step, 0) end,
                        job_epoch = case when b.id is null or b.step is not null and b.job_epoch is null
                                         then job_progress.job_epoch else b.job_epoch end,
                        trained_tokens = case when b.id is null then job_progress.trained_tokens
                                              when b.step is null then 0
                                              else coalesce(b.trained_tokens, job_progress.trained_tokens) end,
                        tokens_per_second = case when b.id is null then tokens_per_second end
                   from u left join b on b.id = u.id
                  where job_id = u.id
                 returning last_event),
           e as (insert into job_event (job_id, number, created_at, level, type, message)
                 select u.id, p.last_event, graft_now(), u.level, 'message',
                        u.message || coalesce(b.from_where, '')
                   from p, u left join b on b.id = u.id),
           k as (update department
                    set running = greatest(running - 1, 0), used_at = graft_now(),
                        used = fair_usage(used, used_at, :half_life) + u.device_seconds,
                        month_seconds = u.device_seconds
                          + case when month = this_month() then month_seconds else 0 end,
                        month = this_month()
                   from u
                  where department.id = u.department_id)
      select u.id, u.state, u.department_id, l.worker_id, l.device_seconds as ran
        from u cross join l
      """;

  /**
   * Numbers are given out under the lock of the job's progress row: they rise in the order of
   * commit.
   *
   * @param progress what else changes of that row, after a comma
   */
  static String told(String progress) {
    return """
         p as (update job_progress set last_event = last_event + 1%s
                where job_id = (select id from u)
               returning last_event),
    """
            .formatted(progress)
        + WRITTEN;
  }
}
