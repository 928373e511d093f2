package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.tenancy.RetentionPolicies.RetentionPolicy;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class RetentionPolicyTests {
  private static final RetentionPolicy DEFAULTS = new RetentionPolicy(365, 30, null, null, null, 7);
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  @Test
  void whatADepartmentDoesNotSayIsTheOperatorsDefault() {
    RetentionPolicy said = new RetentionPolicy(null, 10, null, 90, null, 14);
    assertThat(said.over(DEFAULTS)).isEqualTo(new RetentionPolicy(365, 10, null, 90, null, 14));
    assertThat(RetentionPolicy.UNSAID.over(DEFAULTS)).isEqualTo(DEFAULTS);
    assertThat(DEFAULTS.keepsAll()).isFalse();
    assertThat(new RetentionPolicy(null, null, null, null, null, 7).keepsAll()).isTrue();
  }

  @Test
  void aThingIsToldTheDaysOfNoticeBeforeItsTime() {
    assertThat(DEFAULTS.latestTold(RetentionKind.CHECKPOINTS, NOW))
        .isEqualTo(NOW.minus(Duration.ofDays(23)));
    assertThat(DEFAULTS.latestTold(RetentionKind.LOGS, NOW)).isNull();
  }

  @Test
  void daysOutOfRangeAreRefusedByTheirName() {
    assertThatThrownBy(() -> new RetentionPolicy(null, null, 0, null, null, null))
        .hasMessage("adapters_days must be from 1 to 36500.");
    assertThatThrownBy(() -> new RetentionPolicy(null, null, null, null, null, 366))
        .hasMessage("notice_days must be from 1 to 365.");
    RetentionPolicies.RetentionProperties wrong =
        new RetentionPolicies.RetentionProperties(null, 36_501, null, null, null, 7);
    assertThatThrownBy(wrong::policy)
        .hasMessage("graft.retention: checkpoints_days must be from 1 to 36500.");
  }
}
