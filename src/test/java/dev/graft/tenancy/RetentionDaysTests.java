package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class RetentionDaysTests {
  private static final RetentionDays DEFAULTS = new RetentionDays(365, 30, null, null, null, 7);
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  @Test
  void whatADepartmentDoesNotSayIsTheOperatorsDefault() {
    RetentionDays said = new RetentionDays(null, 10, null, 90, null, 14);
    assertThat(said.over(DEFAULTS)).isEqualTo(new RetentionDays(365, 10, null, 90, null, 14));
    assertThat(RetentionDays.UNSET.over(DEFAULTS)).isEqualTo(DEFAULTS);
    assertThat(DEFAULTS.keepsAll()).isFalse();
    assertThat(new RetentionDays(null, null, null, null, null, 7).keepsAll()).isTrue();
  }

  @Test
  void aThingIsToldTheDaysOfNoticeBeforeItsTime() {
    assertThat(DEFAULTS.latestNoticed(RetentionKind.CHECKPOINTS, NOW))
        .isEqualTo(NOW.minus(Duration.ofDays(23)));
    assertThat(DEFAULTS.latestNoticed(RetentionKind.LOGS, NOW)).isNull();
  }

  @Test
  void daysOutOfRangeAreRefusedByTheirName() {
    assertThatThrownBy(() -> new RetentionDays(null, null, 0, null, null, null))
        .hasMessage("adapters_days must be from 1 to 36500.");
    assertThatThrownBy(() -> new RetentionDays(null, null, null, null, null, 366))
        .hasMessage("notice_days must be from 1 to 365.");
    RetentionDays.RetentionProperties wrong =
        new RetentionDays.RetentionProperties(null, 36_501, null, null, null, 7);
    assertThatThrownBy(wrong::days)
        .hasMessage("graft.retention: checkpoints_days must be from 1 to 36500.");
  }
}
