package dev.graft.platform;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;

/**
 * The clock of this process, adjusted to the time that all servers share. It has the precision of
 * PostgreSQL, microseconds.
 */
public final class AdjustedClock extends Clock {
  private final Clock machine;
  private volatile Duration ahead = Duration.ZERO;

  AdjustedClock(Clock machine) {
    this.machine = Clock.tick(machine, Duration.of(1, ChronoUnit.MICROS));
  }

  /**
   * @param by how far the shared time is ahead of the machine's
   */
  public void adjust(Duration by) {
    ahead = by.truncatedTo(ChronoUnit.MICROS);
  }

  /** Returns the machine's own time. */
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

  /** Returns this clock, because its instants do not depend on the zone. */
  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
