package dev.graft.platform;

import java.time.Clock;
import java.time.Duration;

/** Clocks of machines. */
public final class TestClocks {
  private TestClocks() {}

  public static AdjustedClock adjustedClockThatIsOffBy(Duration time) {
    return new AdjustedClock(Clock.offset(Clock.systemUTC(), time));
  }
}
