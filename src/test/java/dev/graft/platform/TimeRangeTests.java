package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimeRangeTests {
  @Test
  void boundsAreInclusiveOnceRead() {
    assertThat(range("created_at[gt]", "7")).isEqualTo(new TimeRange(8L, null));
    assertThat(range("created_at[gte]", "7")).isEqualTo(new TimeRange(7L, null));
    assertThat(range("created_at[lt]", "7")).isEqualTo(new TimeRange(null, 6L));
    assertThat(range("created_at[lte]", "7")).isEqualTo(new TimeRange(null, 7L));
    assertThat(range("created", "x")).isEqualTo(new TimeRange(null, null));
  }

  @Test
  void aTimeBeyondAllTimesIsTheLastOne() {
    assertThat(range("created_at[lte]", "1".repeat(30)).until()).isEqualTo(1L << 36);
    assertThat(range("created_at[gte]", "-" + "1".repeat(30)).from()).isEqualTo(-(1L << 36));
  }

  @ParameterizedTest
  @CsvSource({
    "created_at[gt], ''",
    "created_at[gt], 1.5",
    "created_at[gt], true",
    "created_at[], 1",
    "created_at[eq], 1"
  })
  void anythingElseIsRefused(String name, String value) {
    assertThatExceptionOfType(RequestFailed.class).isThrownBy(() -> range(name, value));
  }

  private static TimeRange range(String name, String value) {
    return TimeRange.parse(Map.of(name, List.of(value)), "created_at");
  }
}
