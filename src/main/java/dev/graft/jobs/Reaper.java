package dev.graft.jobs;

import dev.graft.jobs.Reaper.LostLeases.Verdict;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.database.ResultColumns;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;

/**
 * Takes expired leases away, one statement each; any number of servers may do so at once.
 *
 * <p>While the database does not answer, no worker can renew. When it answers again, and when this
 * server starts, leases are left alone for the length of a lease, so that workers can come back.
 * Leases that are not renewed by then were lost with the outage, which does not count against their
 * jobs. After a start the cause of the outage is not known: it may have been a job.
 */
@Service
class Reaper {
  private static final Logger log = LoggerFactory.getLogger(Reaper.class);

  private final LostLeases leases;
  private final JobProperties settings;

  /** When the database last answered, by its clock; null = not yet. */
  private @Nullable Instant answered;

  private Absence absence = new Absence(Instant.MIN, Instant.MIN, Verdict.PROVEN);

  /**
   * A time in which no worker could renew.
   *
   * @param losses leases that expire before this were lost with the outage
   * @param rest no lease is taken away before this
   * @param verdict how such a loss counts
   */
  private record Absence(Instant losses, Instant rest, Verdict verdict) {}

  Reaper(LostLeases leases, JobProperties settings) {
    this.leases = leases;
    this.settings = settings;
  }

  /**
   * Takes expired leases away and returns their number. A lease that cannot be taken away is left
   * for the next time, and does not stop the others.
   *
   * @throws DataAccessException if the database is away
   */
  synchronized int reap() {
    Instant now = leases.now();
    notice(now);
    if (now.isBefore(absence.rest())) return 0;
    return (int) leases.expired().stream().filter(this::taken).count();
  }

  /** Notices outages. A worker trusts its lease for less than the TTL, and stops before it ends. */
  private void notice(Instant now) {
    Instant before = answered;
    answered = now;
    Duration third = settings.leaseTtl().dividedBy(3);
    boolean absent = before == null || before.plus(settings.reapEvery()).plus(third).isBefore(now);
    if (!absent) return;
    absence =
        new Absence(
            now.plus(third),
            now.plus(settings.leaseTtl()),
            before == null ? Verdict.UNPROVEN : Verdict.NOTHING);
    if (before == null) return;
    log.atWarn()
        .addKeyValue("seconds", Duration.between(before, now).toSeconds())
        .log("database_was_away");
  }

  private boolean taken(LostLeases.Expired lease) {
    Verdict verdict = lease.at().isAfter(absence.losses()) ? Verdict.PROVEN : absence.verdict();
    try {
      Optional<LeaseLedger.Ended> ended = leases.reap(lease, verdict);
      ended.ifPresent(job -> logLost(job, lease.epoch()));
      return ended.isPresent();
    } catch (DataAccessResourceFailureException away) {
      throw away;
    } catch (DataAccessException broken) {
      log.atError()
          .addKeyValue("job", lease.jobId())
          .addKeyValue("epoch", lease.epoch())
          .setCause(broken)
          .log("reap_failed");
      return false;
    }
  }

  private static void logLost(LeaseLedger.Ended job, long epoch) {
    try (var _ = MDC.putCloseable("department", job.departmentId());
        var _ = MDC.putCloseable("worker", job.workerId())) {
      log.atWarn()
          .addKeyValue("job", job.jobId())
          .addKeyValue("epoch", epoch)
          .addKeyValue("state", job.state())
          .log("worker_lost");
    }
  }

  /** Reaps on a thread of its own, because other scheduled tasks may take minutes. */
  static final class ReaperLoop implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(ReaperLoop.class);

    private final Reaper reaper;
    private final long everyMs;
    private final CountDownLatch ended = new CountDownLatch(1);

    ReaperLoop(Reaper reaper, JobProperties settings) {
      this.reaper = reaper;
      this.everyMs = settings.reapEvery().toMillis();
    }

    @Configuration(proxyBeanMethods = false)
    static class Threads {
      @Bean
      LoopThreads reaperThread(Reaper reaper, JobProperties settings) {
        ReaperLoop loop = new ReaperLoop(reaper, settings);
        return new LoopThreads(
            List.of(loop), Thread.ofPlatform().name("reaper"), threads -> loop.ended.countDown());
      }
    }

    @Override
    public void run() {
      try {
        do reap();
        while (!ended.await(everyMs, TimeUnit.MILLISECONDS));
      } catch (InterruptedException hurried) {
        Thread.currentThread().interrupt();
      }
    }

    private void reap() {
      try {
        WorkerConnections.use(reaper::reap);
      } catch (RuntimeException away) {
        log.atWarn().addKeyValue("cause", away.getMessage()).log("reaper_unanswered");
      }
    }
  }

  /**
   * Expired leases, as SQL: the query that finds them, and the statement that takes one away. Safe
   * on any number of servers: a renewal that holds the row wins, another reaper skips it, and a
   * lease that was renewed meanwhile is left alone.
   */
  @Component
  static class LostLeases {
    /** Leases of one pass; the next pass finds the others. */
    private static final int MOST = 1_000;

    /** Factor by which more losses end a job if the job may not have caused them. */
    static final int UNPROVEN = 3;

    private static final String EXPIRED =
        """
        -- expired
        select job_id, epoch, expires_at from job_lease
         where ended_at is null and expires_at < graft_now()
         order by expires_at, job_id limit %d
        """
            .formatted(MOST);

    /** The job has lost too many workers: by itself, or three times as many for any cause. */
    private static final String POISON =
        """
        (:counted = 1 and (own_losses_in_a_row + l.own >= :poison
                                           or losses_in_a_row + 1 >= :poison * %d))\
        """
            .formatted(UNPROVEN);

    /**
     * The loss is the job's own, unless another lease of the same worker is expired or about to
     * expire, or the last lease that this worker ended in the last day was lost too.
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
                                  when :counted = 0 then 'The worker could not reach a server for too long'
                                  else 'The worker was lost' end as message),
        """
                .formatted(POISON)
            + Transition.LEASE_ENDED;

    private final JdbcClient sql;
    private final JobProperties settings;
    private final JobMeters meters;

    LostLeases(JdbcClient sql, JobProperties settings, JobMeters meters) {
      this.sql = sql;
      this.settings = settings;
      this.meters = meters;
    }

    /** An expired lease. */
    record Expired(String jobId, long epoch, Instant at) {}

    /** Returns expired leases, the oldest first. */
    List<Expired> expired() {
      return sql.sql(EXPIRED)
          .query(
              (row, n) ->
                  new Expired(
                      row.getString("job_id"),
                      row.getLong("epoch"),
                      ResultColumns.time(row, "expires_at")))
          .list();
    }

    /** How a loss counts against its job. */
    enum Verdict {
      /** It does not count: no worker could renew. */
      NOTHING,
      /** It counts as a loss of unknown cause. */
      UNPROVEN,
      /** It counts as caused by the job, unless its worker lost other jobs too. */
      PROVEN
    }

    /** Returns the time of the database, the only clock of leases. */
    Instant now() {
      return sql.sql("select graft_now() as now")
          .query((row, n) -> ResultColumns.time(row, "now"))
          .single();
    }

    /**
     * Takes the lease away. Returns empty if it was renewed or ended meanwhile, or another reaper
     * holds its row.
     */
    Optional<LeaseLedger.Ended> reap(Expired lease, Verdict verdict) {
      Optional<LeaseLedger.Ended> ended =
          sql.sql(REAP)
              .param("job", lease.jobId())
              .param("epoch", lease.epoch())
              .param("half_life", settings.fairShare().halfLifeSeconds())
              .param("ttl", settings.leaseTtl().toMillis())
              .param("counted", verdict == Verdict.NOTHING ? 0 : 1)
              .param("proven", verdict == Verdict.PROVEN)
              .param("poison", settings.poisonAfter())
              .query(LeaseLedger::ended)
              .optional();
      ended.ifPresent(
          run ->
              meters.ended(
                  run, JobMeters.Ending.LOST, TrainingFailure.Kind.WORKER_LOST.wireName()));
      return ended;
    }
  }
}
