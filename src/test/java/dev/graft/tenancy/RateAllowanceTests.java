package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.tenancy.RateLimits.RateAllowance.Bucket;
import dev.graft.tenancy.RateLimits.RateAllowance.Granted;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a server holds must not outlive the limit of which it is. */
class RateAllowanceTests {
  private static final Bucket LARGE = wanted -> new Granted(100_000, wanted, 0, 0);
  private static final Bucket SMALL = wanted -> new Granted(100, 1, 0, 0);
  private static final Bucket FULL = wanted -> new Granted(100, 0, 0, 1_000_000);

  private long now;
  private final RateLimits.RateAllowance allowance = new RateLimits.RateAllowance("key", () -> now);

  @Test
  void whatWasTakenUnderAnotherLimitIsGoneAfterTenSeconds() {
    assertThat(passes(LARGE)).isTrue();
    assertThat(passes(LARGE)).isTrue();
    now += TimeUnit.SECONDS.toNanos(9);
    assertThat(passes(SMALL)).as("of the thousand that it holds").isTrue();

    now += TimeUnit.SECONDS.toNanos(2);
    assertThat(passes(SMALL)).as("the one that was granted").isTrue();
    assertThat(passes(FULL)).isFalse();
  }

  @Test
  void underTheSameLimitItKeepsWhatItHolds() {
    assertThat(passes(LARGE)).isTrue();
    assertThat(passes(LARGE)).isTrue();
    now += TimeUnit.SECONDS.toNanos(11);
    for (int i = 0; i < 999; i++)
      assertThat(passes(wanted -> new Granted(100_000, 0, 0, 1))).isTrue();
    assertThat(passes(FULL)).isFalse();
  }

  private boolean passes(Bucket bucket) {
    return allowance.take(bucket).retryIn().isZero();
  }
}
