package dev.graft.jobs;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What becomes of jobs that have ended.
 *
 * @param after how long after a job's end its events move into the history; they are answered as
 *     before
 */
@ConfigurationProperties("graft.jobs.history")
record HistoryProperties(@DefaultValue("30d") Duration after) {
  HistoryProperties {
    if (after.isNegative()) {
      throw new IllegalArgumentException("graft.jobs.history.after must not be negative");
    }
  }
}
