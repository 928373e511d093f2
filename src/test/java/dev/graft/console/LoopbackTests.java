package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoopbackTests {
  @ParameterizedTest
  @CsvSource({"127.0.0.1, http://127.0.0.1:8081", "::1, http://[0:0:0:0:0:0:0:1]:8081"})
  void addressesOfBothFamiliesAreWrittenAsUrisHaveThem(String host, String uri) throws Exception {
    assertThat(ConsoleConfiguration.Loopback.address(InetAddress.ofLiteral(host), 8081))
        .hasToString(uri);
  }
}
