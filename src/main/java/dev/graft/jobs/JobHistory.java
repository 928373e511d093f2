package dev.graft.jobs;

import java.time.Clock;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.stereotype.Service;

/** Puts away what jobs that ended long ago have left; any number of servers may do so at once. */
@Service
@EnableConfigurationProperties(HistoryProperties.class)
public class JobHistory {
  private static final Logger log = LoggerFactory.getLogger(JobHistory.class);

  /** Jobs of a statement, which moves all of their events: some ten thousand. */
  private static final int BATCH = 100;

  private final EndedJobs jobs;
  private final HistoryProperties settings;
  private final Clock clock;

  JobHistory(EndedJobs jobs, HistoryProperties settings, Clock clock) {
    this.jobs = jobs;
    this.settings = settings;
    this.clock = clock;
  }

  /** Returns of how many jobs. */
  public int putAway() {
    Instant latest = clock.instant().minus(settings.after());
    int moved = 0;
    int last;
    do {
      last = jobs.moveEvents(latest, BATCH);
      moved += last;
    } while (last == BATCH);
    if (moved > 0) log.atInfo().addKeyValue("jobs", moved).log("events_moved_to_history");
    return moved;
  }
}
