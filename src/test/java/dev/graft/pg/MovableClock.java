package dev.graft.pg;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;

/** The clock of a context, which a test moves ahead; in microseconds, as the one of a server. */
public final class MovableClock extends Clock {
  private volatile Duration ahead = Duration.ZERO;

  /** Imported, it is the context's clock. */
  @TestConfiguration
  public static class Configured {
    @Bean
    @Primary
    MovableClock movableClock() {
      return new MovableClock();
    }
  }

  public void move(Duration more) {
    ahead = ahead.plus(more);
  }

  /** To the time of the machine again, for other tests. */
  public void reset() {
    ahead = Duration.ZERO;
  }

  @Override
  public Instant instant() {
    return Clock.systemUTC().instant().truncatedTo(ChronoUnit.MICROS).plus(ahead);
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
