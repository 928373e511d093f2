package dev.graft.jobs.queue;

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
   * The end of a lease, of {@code u} also department_id, state and device_seconds: the event, the
   * department's free slot, and what the department is charged.
   */
  static final String TOLD_AND_COUNTED =
      told("")
          + """
               , k as (update department
                          set running = running - 1, used_at = graft_now(),
                              used = fair_usage(used, used_at, :half_life) + u.device_seconds,
                              month_seconds = u.device_seconds
                                + case when month = this_month() then month_seconds else 0 end,
                              month = this_month()
                         from u
                        where department.id = u.department_id)
          select u.id, u.state from u
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
