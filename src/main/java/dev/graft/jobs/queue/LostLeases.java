package dev.graft.jobs.queue;

import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Leases whose workers are silent, as SQL: which have expired, and the statement that takes one
 * away. Safe on any number of servers: a renewal that holds the row wins, another reaper skips it,
 * and a lease that was renewed meanwhile is left alone.
 */
@Component
public class LostLeases {
  /** Of one look: what is left is found by the next. */
  private static final int MOST = 1_000;

  private static final String EXPIRED =
      """
      -- expired
      select job_id, epoch from job_lease
       where ended_at is null and expires_at < graft_now()
       order by expires_at, job_id limit %d
      """
          .formatted(MOST);

  private static final String REAP =
      """
      -- reap
      with x as (select job_id, epoch from job_lease
                  where job_id = :job and epoch = :epoch
                    and ended_at is null and expires_at < graft_now()
                    for update skip locked),
           l as (update job_lease set ended_at = expires_at, outcome = 'lost' from x
                  where job_lease.job_id = x.job_id and job_lease.epoch = x.epoch
                 returning job_lease.job_id,
                           extract(epoch from ended_at - claimed_at) as device_seconds),
           u as (update job
                    set lease_epoch = lease_epoch + 1, losses_in_a_row = losses_in_a_row + 1,
                        state = case when cancel_requested_at is not null then 'cancelled'
                                     when losses_in_a_row + 1 >= :poison then 'failed'
                                     when pause_requested_at is not null then 'paused'
                                     else 'queued' end,
                        pause_requested_at = null,
                        finished_at = case when cancel_requested_at is not null
                                             or losses_in_a_row + 1 >= :poison then graft_now() end,
                        failure_class = case when losses_in_a_row + 1 >= :poison then 'worker_lost' end,
                        failure_message = case when losses_in_a_row + 1 >= :poison then :told end
                   from l where job.id = l.job_id
                 returning id, department_id, state, restart_epoch,
                           l.device_seconds * devices_of(device_needs) as device_seconds,
                           case when state = 'failed' then 'error' else 'warn' end as level,
                           case state when 'cancelled' then 'Fine-tuning job cancelled'
                                      when 'failed' then :told
                                      when 'paused' then 'Fine-tuning job paused; its worker was lost'
                                      else 'The worker was lost' end as message),
      """
          + Transition.TOLD_AND_COUNTED;

  private final JdbcClient sql;
  private final LeaseLedger ledger;

  LostLeases(JdbcClient sql, LeaseLedger ledger) {
    this.sql = sql;
    this.ledger = ledger;
  }

  /** A lease that has expired when it was looked for. */
  public record Expired(String jobId, long epoch) {}

  /** The oldest first. */
  public List<Expired> expired() {
    return sql.sql(EXPIRED)
        .query((row, n) -> new Expired(row.getString("job_id"), row.getLong("epoch")))
        .list();
  }

  /** Empty if it was renewed or ended meanwhile, or another reaper has it. */
  public Optional<LeaseEndings.Ended> reap(Expired lease, int poisonAfter) {
    return sql.sql(REAP)
        .param("job", lease.jobId())
        .param("epoch", lease.epoch())
        .param("half_life", ledger.halfLifeSeconds())
        .param("poison", poisonAfter)
        .param("told", "Lost its worker " + poisonAfter + " times without a new checkpoint")
        .query(LeaseEndings::ended)
        .optional();
  }
}
