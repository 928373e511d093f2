package dev.graft.jobs;

import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How departments take turns: the one that used the fewest device-seconds for its weight is next.
 *
 * @param halfLife use counts half after this long
 * @param entryPenalty a job that has just been claimed counts as if it had run this long, so that
 *     claimers who arrive together do not all choose the same department
 */
record FairShare(
    @DefaultValue("7d") Duration halfLife, @DefaultValue("60s") Duration entryPenalty) {
  static final FairShare DEFAULT = new FairShare(Duration.ofDays(7), Duration.ofSeconds(60));

  /** Device-seconds that ended leases left, as of now: columns of {@code department}. */
  public static final String USED = "fair_usage(used, used_at, :half_life, (select graft_now()))";

  /** Device-seconds of the live leases of a row of {@code department}. */
  public static final String LIVE =
      """
      case when running = 0 then 0 else
        (select coalesce(sum(devices_of(r.device_needs)
                               * greatest(extract(epoch from (select graft_now()) - o.claimed_at), :penalty)), 0)
           from job r join job_lease o on o.job_id = r.id and o.ended_at is null
          where r.department_id = department.id and r.state = 'running') end\
      """;

  /** What departments are ordered by. */
  public static final String SHARE = "(" + USED + " + " + LIVE + ") / weight";

  public FairShare {
    if (!halfLife.isPositive() || entryPenalty.isNegative()) {
      throw new IllegalArgumentException(
          "graft.jobs.fair-share.half-life must be positive, entry-penalty not negative");
    }
  }

  public double halfLifeSeconds() {
    return halfLife.toMillis() / 1000.0;
  }

  public double penaltySeconds() {
    return entryPenalty.toMillis() / 1000.0;
  }
}
