package dev.graft.jobs.desk;

import dev.graft.jobs.queue.JobProperties;
import dev.graft.jobs.queue.LeaseEndings;
import dev.graft.jobs.queue.LostLeases;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.stereotype.Service;

/** Takes expired leases away, one statement each; any number of servers may do so at once. */
@Service
public class Reaper {
  private static final Logger log = LoggerFactory.getLogger(Reaper.class);

  private final LostLeases leases;
  private final JobProperties settings;

  Reaper(LostLeases leases, JobProperties settings) {
    this.leases = leases;
    this.settings = settings;
  }

  /**
   * Returns how many jobs it took from lost workers. One that cannot be taken stays for the next
   * time, and stops none of the others.
   *
   * @throws DataAccessResourceFailureException if the database is away
   */
  public int reap() {
    return (int) leases.expired().stream().filter(this::taken).count();
  }

  private boolean taken(LostLeases.Expired lease) {
    try {
      Optional<LeaseEndings.Ended> ended = leases.reap(lease, settings.poisonAfter());
      ended.ifPresent(
          job ->
              log.atWarn()
                  .addKeyValue("job", job.jobId())
                  .addKeyValue("state", job.state())
                  .log("worker_lost"));
      return ended.isPresent();
    } catch (DataAccessResourceFailureException away) {
      throw away;
    } catch (DataAccessException broken) {
      log.atError().addKeyValue("job", lease.jobId()).setCause(broken).log("reap_failed");
      return false;
    }
  }
}
