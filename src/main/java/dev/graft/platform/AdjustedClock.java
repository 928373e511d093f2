package dev.graft.platform;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;

/**
 * The wall clock of this process, moved to what several servers share; it knows no time that
 * PostgreSQL would round.
 */
public final class AdjustedClock extends Clock {
  private final Clock machine;
  private volatile Duration ahead = Duration.ZERO;

  AdjustedClock(Clock machine) {
    this.machine = Clock.tick(machine, Duration.of(1, ChronoUnit.MICROS));
  }

  /**
   * @param by what the shared time is ahead of the machine's
   */
  public void adjust(Duration by) {
    ahead = by.truncatedTo(ChronoUnit.MICROS);
  }

  /** The machine's own. */
  public Instant unadjusted() {
    return machine.instant();
  }

  @Override
  public Instant instant() {
    return machine.instant().plus(ahead);
  }

  @Override
  public ZoneId getZone() {
    return machine.getZone();
  }

  /** The time does not depend on the zone. */
  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
