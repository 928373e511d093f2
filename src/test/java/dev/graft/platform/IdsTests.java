package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class IdsTests {
  @Test
  void idsSortInTheOrderTheyWereMadeEvenWithinOneMillisecond() {
    Ids ids = new Ids(Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC));
    List<String> made = Stream.generate(() -> ids.next("file-")).limit(10_000).toList();
    assertThat(made).isSorted().doesNotHaveDuplicates();
    assertThat(made).allMatch(id -> id.matches("file-[0-9a-hjkmnp-tv-z]{26}"));
  }

  @Test
  void laterIdsSortLater() {
    Ids early = new Ids(Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC));
    Ids late = new Ids(Clock.fixed(Instant.parse("2026-01-01T00:00:00.002Z"), ZoneOffset.UTC));
    assertThat(early.next("")).isLessThan(late.next(""));
  }
}
