package dev.graft.cli;

import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;

/** Says that the port is in use before anything is started, not after everything is. */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class PortCheck implements ApplicationContextInitializer<ConfigurableApplicationContext> {
  @Override
  public void initialize(ConfigurableApplicationContext context) {
    Environment environment = context.getEnvironment();
    if (!environment.acceptsProfiles(Profiles.of("server"))) {
      return;
    }
    int port = environment.getProperty("server.port", Integer.class, 8080);
    check(environment.getProperty("server.address"), port, "--port");
    Integer management = environment.getProperty("management.server.port", Integer.class);
    if (management == null || management < 0 || management == port) return;
    check(
        environment.getProperty("management.server.address"), management, "management.server.port");
  }

  private static void check(@Nullable String address, int port, String setting) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(address(address, Math.max(port, 0)));
    } catch (UnknownHostException e) {
      throw new MachineLacks("this machine has no address " + address, e);
    } catch (IOException e) {
      throw new MachineLacks(
          "cannot listen on port %d (%s); choose another with %s"
              .formatted(port, e.getMessage(), setting),
          e);
    }
  }

  private static InetSocketAddress address(@Nullable String address, int port)
      throws UnknownHostException {
    return address == null
        ? new InetSocketAddress(port)
        : new InetSocketAddress(InetAddress.getByName(address), port);
  }
}
