package dev.graft.jobs;

/**
 * The common ends of statements that change a job's state, as SQL. Each statement names the changed
 * job {@code u} (one row: id, level, message) and ends with one of these. Job, event and counter
 * change in one statement, so that no crash can separate them.
 */
final class Transition {
  private Transition() {}

  /** Writes the event of {@code u} with the number from {@code p}. */
  static final String EVENT_ROW =
      """
           e as (insert into job_event (job_id, number, created_at, level, type, message)
                 select u.id, p.last_event, graft_now(), u.level, 'message', u.message
                   from u, p)
      """;

  /** Numbers and writes the event; nothing else changes. */
  static final String EVENT = event("") + "select u.id from u\n";

  /**
   * The end of a lease {@code l} (worker_id and device_seconds); {@code u} also has department_id,
   * state, restart_epoch and device_seconds. Writes the event, frees the department's slot and
   * charges the department. A job that will run again returns to {@code b}, its newest checkpoint;
   * metrics of later steps are deleted, because the next run reports these steps again. A counter
   * that is too low already does not keep a job from ending: {@link QueueInvariants.CounterRepair}
   * repairs it.
   */
  static final String LEASE_ENDED =
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
   * Numbers and writes the event. Numbers are taken under the lock of the job's progress row, so
   * that they rise in the order of commit.
   *
   * @param progress further changes of that row, after a comma
   */
  static String event(String progress) {
    return """
         p as (update job_progress set last_event = last_event + 1%s
                where job_id = (select id from u)
               returning last_event),
    """
            .formatted(progress)
        + EVENT_ROW;
  }
}
