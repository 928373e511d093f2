package dev.graft.cli;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/** What the server on this machine answers to questions without a key. */
final class ServerAnswers {
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private final Environment settings;

  ServerAnswers(Environment settings) {
    this.settings = settings;
  }

  /** One answer after the other, each under its path. */
  String health() throws IOException, InterruptedException {
    StringBuilder all = new StringBuilder();
    for (String path : new String[] {"/startupz", "/livez", "/readyz"}) {
      all.append(answer(api(), path));
    }
    String management = management();
    return all.append(answer(management == null ? api() : management, "/actuator/health"))
        .toString();
  }

  String metrics() throws IOException, InterruptedException {
    String management = management();
    return management == null
        ? "not served: management.server.port is not set\n"
        : answer(management, "/actuator/prometheus");
  }

  private static String answer(String address, String path)
      throws IOException, InterruptedException {
    URI uri = URI.create(address + path);
    try (HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build()) {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(uri).timeout(PATIENCE).build(),
              HttpResponse.BodyHandlers.ofString());
      return "# %s %d\n%s\n".formatted(uri, response.statusCode(), response.body());
    } catch (IOException silent) {
      return "# %s does not answer: %s\n".formatted(uri, silent);
    }
  }

  private String api() {
    return address("server", settings.getProperty("server.port", "8080"));
  }

  private @Nullable String management() {
    String port = settings.getProperty("management.server.port");
    return port == null ? null : address("management.server", port);
  }

  private String address(String prefix, String port) {
    String host = settings.getProperty(prefix + ".address", "127.0.0.1");
    boolean tls =
        settings.containsProperty(prefix + ".ssl.bundle")
            || settings.containsProperty(prefix + ".ssl.certificate")
            || settings.containsProperty(prefix + ".ssl.key-store");
    return (tls ? "https://" : "http://")
        + (host.equals("0.0.0.0") ? "127.0.0.1" : host)
        + ":"
        + port;
  }
}
