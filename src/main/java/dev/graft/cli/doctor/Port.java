package dev.graft.cli.doctor;

import dev.graft.client.KnownServer;
import dev.graft.client.KnownServer.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/**
 * Whether the port of the API is free, or held by a Graft.
 *
 * @param address to listen on; null for all
 * @param scheme that a Graft would speak there
 */
record Port(@Nullable String address, int port, String scheme, Map<String, String> environment)
    implements Check {
  private static final String CURE = "stop that program, or choose another port with --port";

  public Port {
    environment = Map.copyOf(environment);
  }

  public static Port of(Environment settings, Map<String, String> environment) {
    boolean tls =
        settings.containsProperty("server.ssl.bundle")
            || settings.containsProperty("server.ssl.certificate")
            || settings.containsProperty("server.ssl.key-store");
    return new Port(
        settings.getProperty("server.address"),
        settings.getProperty("server.port", Integer.class, 8080),
        tls ? "https" : "http",
        environment);
  }

  @Override
  public String name() {
    return "port";
  }

  @Override
  public List<CheckResult> findings() {
    return List.of(finding());
  }

  private CheckResult finding() {
    InetSocketAddress wanted;
    try {
      wanted =
          address == null
              ? new InetSocketAddress(port)
              : new InetSocketAddress(InetAddress.getByName(address), port);
    } catch (UnknownHostException e) {
      return CheckResult.missing(
          name(), "this machine has no address " + address, "correct server.address");
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(wanted);
      return CheckResult.ok(name(), port == 0 ? "any that is free" : port + " is free");
    } catch (IOException e) {
      return held(wanted, String.valueOf(e.getMessage()));
    }
  }

  private CheckResult held(InetSocketAddress wanted, String why) {
    InetAddress host =
        wanted.getAddress().isAnyLocalAddress()
            ? InetAddress.getLoopbackAddress()
            : wanted.getAddress();
    URI there = URI.create("%s://%s:%d".formatted(scheme, literal(host), port));
    return switch (KnownServer.at(there, environment).ask()) {
      case Answer.Graft(String version, boolean same) ->
          CheckResult.ok(name(), "%d is held by a Graft that runs".formatted(port));
      case Answer.Untrusted(String reason) ->
          CheckResult.warning(
              name(),
              "%d is in use; a Graft may be there, but cannot be asked (%s)"
                  .formatted(port, reason),
              CURE);
      case Answer.Other(int status) ->
          CheckResult.missing(
              name(), "%d is in use by a program that is no Graft".formatted(port), CURE);
      case Answer.Silent(String reason) ->
          CheckResult.missing(name(), "%d cannot be had (%s)".formatted(port, why), CURE);
    };
  }

  private static String literal(InetAddress host) {
    String text = host.getHostAddress();
    return text.contains(":") ? "[" + text + "]" : text;
  }
}
