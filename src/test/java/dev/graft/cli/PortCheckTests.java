package dev.graft.cli;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.platform.MachineLacks;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

class PortCheckTests {
  @Test
  void aPortThatIsTakenIsToldWithItsSetting() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatExceptionOfType(MachineLacks.class)
          .isThrownBy(() -> check(taken.getLocalPort(), 0))
          .withMessageEndingWith("choose another with --port");
      assertThatExceptionOfType(MachineLacks.class)
          .isThrownBy(() -> check(0, taken.getLocalPort()))
          .withMessageEndingWith("choose another with management.server.port");
      assertThatCode(() -> check(0, -1)).doesNotThrowAnyException();
    }
  }

  private static void check(int port, int management) {
    StandardEnvironment environment = new StandardEnvironment();
    environment.setActiveProfiles("server");
    environment
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "test",
                Map.of(
                    "server.port",
                    port,
                    "server.address",
                    "127.0.0.1",
                    "management.server.port",
                    management,
                    "management.server.address",
                    "127.0.0.1")));
    try (GenericApplicationContext context = new GenericApplicationContext()) {
      context.setEnvironment(environment);
      new ServeCommand.PortCheck().initialize(context);
    }
  }
}
