package dev.graft.nemesis;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A deadline on the monotonic clock. */
record Deadline(long nanos) {
  private static final Duration LOOK_AGAIN = Duration.ofMillis(200);

  public static Deadline in(Duration time) {
    return new Deadline(System.nanoTime() + time.toNanos());
  }

  public boolean passed() {
    return nanos - System.nanoTime() <= 0;
  }

  /** Polls until the condition is true; returns false if the deadline passes first. */
  public boolean await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      if (passed()) return false;
      pause(LOOK_AGAIN);
    }
    return true;
  }

  public static void pause(Duration time) {
    LockSupport.parkNanos(time.toNanos());
  }
}
