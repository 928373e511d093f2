package dev.graft.jobs;

import dev.graft.jobs.LostLeases.Verdict;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.stereotype.Service;

/**
 * Takes expired leases away, one statement each; any number of servers may do so at once.
 *
 * <p>While the database does not answer, nobody can renew. When it answers again, as when this
 * server starts, leases are left alone for the length of one, so that workers can come back; those
 * that nobody renews after that went with the outage, and say nothing about their jobs. Of a start
 * it is not known what ended the server before: it may have been a job.
 */
@Service
class Reaper {
  private static final Logger log = LoggerFactory.getLogger(Reaper.class);

  private final LostLeases leases;
  private final JobProperties settings;

  /** When the database answered last, by its clock; null = never yet. */
  private @Nullable Instant answered;

  private Absence absence = new Absence(Instant.MIN, Instant.MIN, Verdict.PROVEN);

  /**
   * When nobody could renew.
   *
   * @param losses leases that expire until then are lost with it
   * @param verdict what such a loss says
   * @param rest no lease is taken before
   */
  private record Absence(Instant losses, Instant rest, Verdict verdict) {}

  public Reaper(LostLeases leases, JobProperties settings) {
    this.leases = leases;
    this.settings = settings;
  }

  /**
   * Returns how many jobs it took from lost workers. One that cannot be taken stays for the next
   * time, and stops none of the others.
   *
   * @throws DataAccessException if the database is away
   */
  public synchronized int reap() {
    Instant now = leases.now();
    look(now);
    if (now.isBefore(absence.rest())) return 0;
    return (int) leases.expired().stream().filter(this::taken).count();
  }

  /** A worker trusts its lease for less than the TTL, and gives up before that is over. */
  private void look(Instant now) {
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
      Optional<LeaseEndings.Ended> ended =
          leases.reap(lease, verdict, settings.poisonAfter(), settings.leaseTtl());
      ended.ifPresent(job -> told(job, lease.epoch()));
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

  private static void told(LeaseEndings.Ended job, long epoch) {
    try (var _ = MDC.putCloseable("department", job.departmentId());
        var _ = MDC.putCloseable("worker", job.workerId())) {
      log.atWarn()
          .addKeyValue("job", job.jobId())
          .addKeyValue("epoch", epoch)
          .addKeyValue("state", job.state())
          .log("worker_lost");
    }
  }
}
