package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.ExpectedLog;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessResourceFailureException;

class ScrapedNumbersTests {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final StoredNumbers.Gauge GAUGE = new StoredNumbers.Gauge("graft_some", "some");

  private final AtomicInteger reads = new AtomicInteger();

  @Test
  void scrapesShareWhatWasReadAndReadAgainWhenItIsOld() {
    ScrapedNumbers kept = new ScrapedNumbers(List.of(counting()), HOUR, HOUR);
    assertThat(kept.getPrometheusNames()).containsExactly("graft_some");
    assertThat(kept.collect().size()).isEqualTo(1);
    assertThat(kept.collect().size()).isEqualTo(1);
    assertThat(reads).hasValue(1);
    ScrapedNumbers anew = new ScrapedNumbers(List.of(counting()), Duration.ZERO, HOUR);
    anew.collect();
    anew.collect();
    assertThat(reads).hasValue(3);
  }

  @Test
  void whatTheDatabaseDoesNotAnswerIsLeftOutAndToldOnce() {
    try (var log = ExpectedLog.of(ScrapedNumbers.class, "queue_numbers_unread")) {
      ScrapedNumbers away =
          new ScrapedNumbers(
              List.of(
                  counting(
                      () -> {
                        throw new DataAccessResourceFailureException("away");
                      }),
                  counting()),
              Duration.ZERO,
              HOUR);
      assertThat(away.collect().size()).isEqualTo(1);
      assertThat(away.collect().size()).isEqualTo(1);
      assertThat(log.seen()).hasSize(1);
    }
  }

  @Test
  void aScrapeDoesNotWaitForADatabaseThatHangsAndAsksItNoSecondTime() {
    CountDownLatch answers = new CountDownLatch(1);
    try (var _ = ExpectedLog.of(ScrapedNumbers.class, "queue_numbers_unread")) {
      ScrapedNumbers hanging =
          new ScrapedNumbers(List.of(counting(() -> await(answers))), HOUR, Duration.ZERO);
      assertThat(hanging.collect().size()).isZero();
      assertThat(hanging.collect().size()).isZero();
      answers.countDown();
      org.awaitility.Awaitility.await().until(() -> hanging.collect().size() == 1);
    }
    assertThat(reads).hasValue(1);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private StoredNumbers counting() {
    return counting(() -> {});
  }

  private StoredNumbers counting(Runnable before) {
    return new StoredNumbers() {
      @Override
      public List<Gauge> gauges() {
        return List.of(GAUGE);
      }

      @Override
      public List<Reading> read() {
        reads.incrementAndGet();
        before.run();
        return List.of(GAUGE.reading(1));
      }
    };
  }
}
