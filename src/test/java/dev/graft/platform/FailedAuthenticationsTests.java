package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.ExpectedLog;
import dev.graft.pg.MovableClock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.json.JsonMapper;

class FailedAuthenticationsTests {
  private static final int MOST = 3;

  private final MovableClock clock = new MovableClock();
  private final FailedAuthentications failures =
      new FailedAuthentications(
          new ErrorWriter(JsonMapper.shared()),
          clock,
          new HttpProperties(DataSize.ofMegabytes(8), List.of(), MOST));

  @ParameterizedTest
  @CsvSource({
    "203.0.113.7, 203.0.113.7",
    "2001:db8:1:2::1, 20010db800010002/64",
    "2001:db8:1:2:ffff:ffff:ffff:ffff, 20010db800010002/64",
    "2001:db8:1:3::1, 20010db800010003/64",
    "::ffff:203.0.113.7, 203.0.113.7",
    "localhost, unknown",
    "'', unknown",
  })
  void ofIpv6ItIsTheNetworkOfASite(String address, String network) {
    assertThat(FailedAuthentications.ClientNetwork.of(address)).isEqualTo(network);
  }

  @Test
  void theMinuteBeginsWithTheFirstAndEndsByTheClock() {
    fail("203.0.113.7", 1);
    clock.move(Duration.ofSeconds(50));
    limited("203.0.113.7", MOST - 1);
    assertThatExceptionOfType(RequestFailed.class)
        .isThrownBy(() -> failures.requireFew(from("203.0.113.7")))
        .satisfies(
            refused ->
                assertThat(refused.retryAfter().orElseThrow())
                    .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(10)));
    assertThatCode(() -> failures.requireFew(from("203.0.113.8"))).doesNotThrowAnyException();
    clock.move(Duration.ofSeconds(11));
    assertThatCode(() -> failures.requireFew(from("203.0.113.7"))).doesNotThrowAnyException();
  }

  /**
   * Who comes from very many addresses makes the server forget, and takes no more of its memory.
   */
  @Test
  void onlySoManyAddressesAreRemembered() {
    limited("203.0.113.7", MOST);
    for (int i = 0; i < FailedAuthentications.ADDRESSES - 1; i++) {
      fail("10.%d.%d.%d".formatted(i >> 16, i >> 8 & 255, i & 255), 1);
    }
    assertThatExceptionOfType(RequestFailed.class)
        .isThrownBy(() -> failures.requireFew(from("203.0.113.7")));
    for (int i = 0; i < FailedAuthentications.ADDRESSES; i++) {
      fail("11.%d.%d.%d".formatted(i >> 16, i >> 8 & 255, i & 255), 1);
    }
    assertThatCode(() -> failures.requireFew(from("203.0.113.7"))).doesNotThrowAnyException();
  }

  private void limited(String address, int times) {
    try (var log = ExpectedLog.of(FailedAuthentications.class, "authentication_limited")) {
      fail(address, times);
      assertThat(log.seen()).hasSize(1);
    }
  }

  private void fail(String address, int times) {
    for (int i = 0; i < times; i++) failures.failed(from(address));
  }

  private static MockHttpServletRequest from(String address) {
    MockHttpServletRequest request = new MockHttpServletRequest("GET", "/v1/models");
    request.setRemoteAddr(address);
    return request;
  }
}
