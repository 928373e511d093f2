package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShownTests {
  private final Shown shown = new Shown(Clock.fixed(Instant.ofEpochSecond(100), ZoneOffset.UTC));

  @Test
  void whatHasExpiredIsPast() {
    assertThat(shown.past(100L)).isTrue();
    assertThat(shown.past(101L)).isFalse();
    assertThat(shown.past(null)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "999, 999 B",
    "1000, 1.0 kB",
    "20480, 20 kB",
    "5300224, 5.3 MB",
    "1099511627776, 1.1 TB"
  })
  void sizesHaveTheUnitThatFits(long bytes, String text) {
    assertThat(shown.bytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0.4, 0 s", "31.5, 31 s", "61, 1 min 1 s", "7325, 2 h 2 min"})
  void timesHaveTheUnitThatFits(double seconds, String text) {
    assertThat(shown.seconds(seconds)).isEqualTo(text);
  }

  @Test
  void whatIsNotKnownIsADash() {
    assertThat(shown.time(null)).isEqualTo("–");
    assertThat(shown.bytes(null)).isEqualTo("–");
    assertThat(shown.decimal(null)).isEqualTo("–");
    assertThat(shown.iso(null)).isEmpty();
  }
}
