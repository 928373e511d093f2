package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.platform.database.ResultColumns;
import java.time.Duration;
import java.time.Instant;
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

  /** Losses without proof end a job when they are so many times as many as proven ones. */
  public static final int UNPROVEN = 3;

  private static final String EXPIRED =
      """
      -- expired
      select job_id, epoch, expires_at from job_lease
       where ended_at is null and expires_at < graft_now()
       order by expires_at, job_id limit %d
      """
          .formatted(MOST);

  /**
   * What makes a job the one that loses its workers, or that it has lost too many whoever did it.
   */
  private static final String POISON =
      """
      (:counted = 1 and (own_losses_in_a_row + l.own >= :poison
                                         or losses_in_a_row + 1 >= :poison * %d))\
      """
          .formatted(UNPROVEN);

  /**
   * The loss is the job's own unless its worker shares it with another job: one that is silent now
   * as well, or that the same worker has lost before this one, and since then ended no other.
   */
  private static final String REAP =
      """
      -- reap
      with x as (select job_id, epoch,
                        exists (select from job_lease o
                                 where o.ended_at is null and o.worker_id = e.worker_id
                                   and o.job_id <> e.job_id
                                   and o.expires_at < graft_now() + :ttl / 2 * interval '1 millisecond')
                        or coalesce((select o.outcome = 'lost' from job_lease o
                                      where o.worker_id = e.worker_id and o.job_id <> e.job_id
                                        and o.ended_at > graft_now() - interval '1 day'
                                      order by o.ended_at desc limit 1), false) as shared
                   from job_lease e
                  where job_id = :job and epoch = :epoch
                    and ended_at is null and expires_at < graft_now()
                    for update skip locked),
           l as (update job_lease set ended_at = expires_at, outcome = 'lost' from x
                  where job_lease.job_id = x.job_id and job_lease.epoch = x.epoch
                 returning job_lease.job_id, job_lease.worker_id,
                           extract(epoch from ended_at - claimed_at) as device_seconds,
                           case when :proven and not x.shared then 1 else 0 end as own),
           u as (update job
                    set lease_epoch = lease_epoch + 1,
                        losses_in_a_row = losses_in_a_row + :counted,
                        own_losses_in_a_row = own_losses_in_a_row + l.own,
                        state = case when cancel_requested_at is not null then 'cancelled'
                                     when %1$s then 'failed'
                                     when pause_requested_at is not null then 'paused'
                                     else 'queued' end,
                        pause_requested_at = null,
                        finished_at = case when cancel_requested_at is not null or %1$s
                                           then graft_now() end,
                        failure_class = case when %1$s then 'worker_lost' end,
                        failure_message = case when %1$s then 'Lost its worker '
                                                 || losses_in_a_row + 1
                                                 || ' times without a new checkpoint' end
                   from l where job.id = l.job_id
                 returning id, department_id, state, restart_epoch,
                           l.device_seconds * devices_of(device_needs) as device_seconds,
                           case when state = 'failed' then 'error' else 'warn' end as level,
                           case when state = 'cancelled' then 'Fine-tuning job cancelled'
                                when state = 'failed' then failure_message
                                when state = 'paused' then 'Fine-tuning job paused; its worker was lost'
                                when :counted = 0 then 'The worker could reach no server for too long'
                                else 'The worker was lost' end as message),
      """
              .formatted(POISON)
          + Transition.TOLD_AND_COUNTED;

  private final JdbcClient sql;
  private final LeaseLedger ledger;

  LostLeases(JdbcClient sql, LeaseLedger ledger) {
    this.sql = sql;
    this.ledger = ledger;
  }

  /** A lease that has expired when it was looked for. */
  public record Expired(String jobId, long epoch, Instant at) {}

  /** The oldest first. */
  public List<Expired> expired() {
    return sql.sql(EXPIRED)
        .query(
            (row, n) ->
                new Expired(
                    row.getString("job_id"),
                    row.getLong("epoch"),
                    ResultColumns.time(row, "expires_at")))
        .list();
  }

  /** What a loss says about its job. */
  public enum Verdict {
    /** Nobody could renew. */
    NOTHING,
    /** It may have been the job, or whatever else happened at the time. */
    UNPROVEN,
    /** It was the job, where its worker has lost no other. */
    PROVEN
  }

  /** As the database has it: leases go by no other clock. */
  public Instant now() {
    return sql.sql("select graft_now() as now")
        .query((row, n) -> ResultColumns.time(row, "now"))
        .single();
  }

  /**
   * Empty if it was renewed or ended meanwhile, or another reaper has it.
   *
   * @param ttl of a lease; one that expires within half of it is not being renewed
   */
  public Optional<LeaseEndings.Ended> reap(
      Expired lease, Verdict verdict, int poisonAfter, Duration ttl) {
    Optional<LeaseEndings.Ended> ended = taken(lease, verdict, poisonAfter, ttl);
    ended.ifPresent(
        run ->
            ledger
                .meters()
                .ended(run, JobMeters.Ending.LOST, TrainingFailure.Kind.WORKER_LOST.wireName()));
    return ended;
  }

  private Optional<LeaseEndings.Ended> taken(
      Expired lease, Verdict verdict, int poisonAfter, Duration ttl) {
    return sql.sql(REAP)
        .param("job", lease.jobId())
        .param("epoch", lease.epoch())
        .param("half_life", ledger.halfLifeSeconds())
        .param("ttl", ttl.toMillis())
        .param("counted", verdict == Verdict.NOTHING ? 0 : 1)
        .param("proven", verdict == Verdict.PROVEN)
        .param("poison", poisonAfter)
        .query(LeaseEndings::ended)
        .optional();
  }
}
