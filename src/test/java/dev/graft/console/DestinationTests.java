package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.console.ConsoleSecurity.Destination;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DestinationTests {
  @ParameterizedTest
  @CsvSource({
    "/console/jobs/ftjob-1, /console/jobs/ftjob-1",
    "/console/models?name=a&after=b, /console/models?name=a&after=b",
    "http://graft.example/console/files, /console/files",
    "//evil.example/console/files, /console/files",
  })
  void aPageOfTheConsoleIsKept(String wanted, String page) {
    assertThat(Destination.of(wanted)).isEqualTo(page);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "/v1/files",
        "/console/../v1/files",
        "\\\\evil.example",
        "/console/a b",
        ""
      })
  void anythingElseIsTheFirstPage(String wanted) {
    assertThat(Destination.of(wanted)).isEqualTo(Destination.HOME);
  }

  @Test
  void soIsNothing() {
    assertThat(Destination.of(null)).isEqualTo(Destination.HOME);
  }
}
