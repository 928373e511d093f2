package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SentOnTests {
  @ParameterizedTest
  @CsvSource({
    "8.8.8.8, 1.1.1.1",
    "10.0.0.1, 192.168.1.1",
    "10.0.0.1, 8.8.8.8",
    "[fd00::1], 10.0.0.1",
    "127.0.0.1, 127.0.0.2",
    "127.0.0.1, 10.0.0.1",
    "8.8.8.8, name-that-only-a-proxy-knows.invalid",
  })
  void noNearerThanItselfIsFine(String server, String target) {
    assertThatCode(() -> require(server, target)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({
    "8.8.8.8, 10.0.0.1",
    "8.8.8.8, 100.64.0.1",
    "8.8.8.8, 172.16.0.1",
    "8.8.8.8, [fd00::1]",
    "8.8.8.8, 127.0.0.1",
    "8.8.8.8, [::1]",
    "8.8.8.8, [::ffff:127.0.0.1]",
    "8.8.8.8, 2130706433",
    "10.0.0.1, 127.0.0.1",
    "127.0.0.1, 169.254.169.254",
    "127.0.0.1, [fe80::1]",
    "127.0.0.1, 0.0.0.0",
    "127.0.0.1, 224.0.0.1",
  })
  void nearerIsRefused(String server, String target) {
    assertThatThrownBy(() -> require(server, target))
        .isInstanceOf(ResumedDownload.DownloadRefused.class)
        .hasMessageContaining("redirects to an address that is not public");
  }

  private static void require(String server, String target) throws ResumedDownload.DownloadRefused {
    WebOrigin.SentOn.require(
        URI.create("https://" + server), URI.create("https://" + target + "/x"));
  }
}
