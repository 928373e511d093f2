package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** So many at once, and no more. */
class ConcurrencyLimitTests {
  private final ConcurrencyLimit admitted =
      new ConcurrencyLimit(2, Duration.ofSeconds(3), "come again");

  private void assertRefused(Runnable attempt) {
    assertThatExceptionOfType(RequestFailed.class)
        .isThrownBy(attempt::run)
        .satisfies(
            refused -> {
              assertThat(refused.type()).isEqualTo(ProblemType.UNAVAILABLE);
              assertThat(refused.retryAfter()).contains(Duration.ofSeconds(3));
              assertThat(refused).hasMessage("come again");
            });
  }

  @Test
  void whoeverIsOneTooManyIsTold() {
    String inner =
        admitted.run(
            () ->
                admitted.run(
                    () -> {
                      assertRefused(() -> admitted.run(() -> "third"));
                      return "second";
                    }));

    assertThat(inner).isEqualTo("second");
    assertThat(admitted.<String>run(() -> "later")).isEqualTo("later");
  }

  @Test
  void theSameComeOneAfterTheOther() {
    admitted.run(
        "a",
        () -> {
          assertRefused(() -> admitted.run("a", () -> "again"));
          return admitted.run("b", () -> "other");
        });

    assertThat(admitted.<String>run("a", () -> "later")).isEqualTo("later");
  }

  @Test
  void whoFailsMakesRoom() {
    for (int i = 0; i < 3; i++) {
      assertThatExceptionOfType(IllegalStateException.class)
          .isThrownBy(
              () ->
                  admitted.run(
                      "a",
                      () -> {
                        throw new IllegalStateException();
                      }));
    }
  }
}
