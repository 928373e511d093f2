package dev.graft.platform.work;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How a kind of work is done.
 *
 * @param kind the name of it
 * @param computes whether it keeps a processor busy, which virtual threads are not made for
 * @param parallel pieces that a server works at at once
 * @param share of those, as many may be one department's; other servers may work at more of it
 * @param poll how often a server looks for what is due
 * @param lease how long a claim holds unless it is renewed
 * @param grace how long those under way may go on when the server stops
 */
public record WorkSettings(
    String kind,
    boolean computes,
    int parallel,
    int share,
    Duration poll,
    Duration lease,
    Backoff retries,
    Duration grace) {

  /**
   * @param most failures in a row, after which it is given up
   * @param first wait; each is twice the one before
   * @param longest wait
   */
  public record Backoff(int most, Duration first, Duration longest) {
    /** Spread, so that what failed together does not come back together. */
    Duration after(int failures) {
      long millis = first.toMillis();
      for (int i = 1; i < failures && millis < longest.toMillis(); i++) millis *= 2;
      millis = Math.min(millis, longest.toMillis());
      return Duration.ofMillis(
          Math.round(millis * ThreadLocalRandom.current().nextDouble(0.5, 1.0)));
    }
  }
}
