package dev.graft.tenancy;

import dev.graft.platform.RateLimiter.Turn;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What this server has taken out of one bucket and not given to requests yet. A lease is a
 * hundredth of a minute's requests, so that no server holds more than that.
 */
final class RateAllowance {
  static final int LEASES_A_MINUTE = 100;

  /** A bucket that is full is asked again by then: its limit may be another. */
  private static final long AGAIN = TimeUnit.SECONDS.toNanos(1);

  /** So long it counts for itself; then what it holds may be of a limit that no longer is. */
  private static final long HELD = TimeUnit.SECONDS.toNanos(10);

  private static final double MINUTE = TimeUnit.MINUTES.toNanos(1);

  /** Asks the bucket for requests. */
  @FunctionalInterface
  interface Bucket {
    Granted lease(int requests);
  }

  /**
   * @param limit requests a minute, as it holds now
   * @param granted of the requests that were asked for
   * @param emptyIn nanoseconds until the bucket is empty
   * @param fitsIn nanoseconds until one more fits; zero if any was granted
   */
  record Granted(int limit, int granted, long emptyIn, long fitsIn) {}

  private final String whose;
  private final LongSupplier nanos;
  private Granted last = new Granted(LEASES_A_MINUTE, 0, 0, 0);
  private long at;
  private int left;

  /**
   * @param whose see {@link Turn}
   */
  RateAllowance(String whose) {
    this(whose, System::nanoTime);
  }

  RateAllowance(String whose, LongSupplier nanos) {
    this.whose = whose;
    this.nanos = nanos;
    this.at = nanos.getAsLong();
  }

  /** Lets one request through, or says when to come back. Those who come meanwhile wait. */
  synchronized Turn take(Bucket bucket) {
    long now = nanos.getAsLong();
    if (now - at >= (left == 0 ? Math.min(last.fitsIn(), AGAIN) : HELD)) {
      Granted next = bucket.lease(Math.max(1, last.limit() / LEASES_A_MINUTE - left));
      left = (next.limit() == last.limit() ? left : 0) + next.granted();
      last = next;
      at = now;
    }
    boolean passes = left > 0;
    if (passes) left--;
    return turn(now, passes);
  }

  /** Another limit has refused a request that this one had let through. */
  synchronized void giveBack() {
    left++;
  }

  synchronized boolean unusedFor(Duration time) {
    return nanos.getAsLong() - at > time.toNanos();
  }

  private Turn turn(long now, boolean passes) {
    double share = MINUTE / last.limit();
    double empty = Math.max(0, last.emptyIn() - (now - at) - left * share);
    // What fits at once into what is left of the minute, less the rounding of its shares.
    int remaining = (int) Math.floor((MINUTE - empty) / share + 1e-3);
    long wait = passes ? 0 : Math.max(1, last.fitsIn() - (now - at));
    return new Turn(
        last.limit(),
        Math.clamp(remaining, 0, last.limit()),
        Duration.ofMillis(Math.round(empty / 1e6)),
        Duration.ofMillis((long) Math.ceil(wait / 1e6)),
        whose);
  }
}
