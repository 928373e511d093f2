package dev.graft.jobs.desk;

import dev.graft.jobs.queue.JobProperties;
import dev.graft.jobs.queue.LeaseEndings;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;

/** Takes expired leases away, one statement each; any number of servers may do so at once. */
@Service
public class Reaper {
  private static final Logger log = LoggerFactory.getLogger(Reaper.class);

  private final LeaseEndings endings;
  private final JobProperties settings;

  Reaper(LeaseEndings endings, JobProperties settings) {
    this.endings = endings;
    this.settings = settings;
  }

  /** Returns how many jobs it took from lost workers. */
  public int reap() {
    int count = 0;
    Optional<LeaseEndings.Ended> taken;
    while ((taken = endings.reap(settings.poisonAfter())).isPresent()) {
      count++;
      log.atWarn()
          .addKeyValue("job", taken.get().jobId())
          .addKeyValue("state", taken.get().state())
          .log("worker_lost");
    }
    return count;
  }
}
