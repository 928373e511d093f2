package dev.graft.platform.work;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The settings of a kind of work.
 *
 * @param kind its name
 * @param computes whether it keeps a processor busy and therefore needs a platform thread
 * @param parallel how many pieces a server works on at a time
 * @param share how many of those may belong to one department
 * @param poll how often a server looks for due work
 * @param lease how long a claim is valid unless it is renewed
 * @param grace how long running work may continue when the server stops
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
   * @param most consecutive failures after which the work is given up
   * @param first the first delay; each further delay doubles
   * @param longest the longest delay
   */
  public record Backoff(int most, Duration first, Duration longest) {
    /**
     * Returns the delay after this many failures, with jitter, so that simultaneous failures are
     * not retried at the same time.
     */
    Duration after(int failures) {
      double millis = Math.min(longest.toMillis(), first.toMillis() * Math.pow(2, failures - 1));
      return Duration.ofMillis(
          Math.round(millis * ThreadLocalRandom.current().nextDouble(0.5, 1.0)));
    }
  }
}
