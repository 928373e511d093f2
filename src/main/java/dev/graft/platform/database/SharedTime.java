package dev.graft.platform.database;

import dev.graft.platform.AdjustedClock;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Adjusts this server's clock to the database's time, as every server does: ids contain the time
 * and are cursors of lists, and servers compare each other's times.
 */
@Component
@ConditionalOnWebApplication
class SharedTime implements SmartInitializingSingleton {
  private static final Logger log = LoggerFactory.getLogger(SharedTime.class);
  private static final int SAMPLES = 3;
  private static final Duration FAR = Duration.ofSeconds(5);

  private final Clock clock;
  private final JdbcClient sql;
  private boolean warned;

  SharedTime(Clock clock, JdbcClient sql) {
    this.clock = clock;
    this.sql = sql;
  }

  private record Sample(Duration ahead, long tookNanos) {}

  /** Adjusts the clock before the first request. */
  @Override
  public void afterSingletonsInstantiated() {
    adjust();
  }

  @Scheduled(fixedDelayString = "PT30S", initialDelayString = "PT30S")
  void adjust() {
    if (!(clock instanceof AdjustedClock adjusted)) return;
    try {
      Sample best = sample(adjusted);
      for (int i = 1; i < SAMPLES; i++) {
        Sample next = sample(adjusted);
        if (next.tookNanos() < best.tookNanos()) best = next;
      }
      adjusted.adjust(best.ahead());
      warn(best.ahead());
    } catch (DataAccessException away) {
      log.atDebug().addKeyValue("cause", away.getMessage()).log("clock_not_compared");
    }
  }

  /**
   * Compares the clocks; the database's time is assumed to be from the middle of the round trip.
   */
  private Sample sample(AdjustedClock adjusted) {
    Instant start = adjusted.unadjusted();
    long began = System.nanoTime();
    Instant there = sql.sql("select graft_now()").query(OffsetDateTime.class).single().toInstant();
    long took = System.nanoTime() - began;
    return new Sample(Duration.between(start.plusNanos(took / 2), there), took);
  }

  private void warn(Duration ahead) {
    boolean far = ahead.abs().compareTo(FAR) > 0;
    if (far && !warned) {
      log.atWarn().addKeyValue("database_ahead_ms", ahead.toMillis()).log("clocks_differ");
    }
    warned = far;
  }
}
