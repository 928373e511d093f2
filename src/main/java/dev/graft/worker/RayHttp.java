package dev.graft.worker;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls of one cluster's Jobs API, and what its answers mean. */
final class RayHttp {
  private static final String PATH = "/api/jobs/";
  private static final int MOST_BYTES = 32 << 20;
  private static final int MOST_SAID = 300;

  private final HttpClient client;
  private final String address;
  private final @Nullable String token;
  private final Duration deadline;

  RayHttp(URI address, @Nullable String token, Duration deadline) {
    this.address = address.toString().replaceAll("/+$", "");
    this.token = token;
    this.deadline = deadline;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(deadline)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  /** One answer: its status and as much of its body as is taken. */
  record Answer(int status, String body) {
    boolean good() {
      return status == 200;
    }

    JsonNode json() {
      if (!good()) throw refused();
      try {
        return JsonMapper.shared().readTree(body);
      } catch (JacksonException notJson) {
        throw new RayRefused("what answers at graft.worker.ray.address is no Ray dashboard");
      }
    }

    /**
     * 502 to 504 are a proxy's, or of a head that begins: they may pass. The last line of what Ray
     * says is told: it has the reason of a stack trace.
     */
    RuntimeException refused() {
      if (status == 401 || status == 403) {
        return new RayRefused("the Ray cluster does not take graft.worker.ray.token");
      }
      // A head that begins knows no agent yet: "No available agent to submit job, please try
      // again".
      if (body.contains("No available agent") || (status >= 502 && status <= 504)) {
        return new UncheckedIOException(new IOException("the Ray cluster answers " + status));
      }
      List<String> lines =
          body.lines().map(String::strip).filter(line -> line.length() > 2).toList();
      String last = lines.isEmpty() ? "" : lines.getLast();
      String said = last.substring(0, Math.min(MOST_SAID, last.length()));
      return new RayRefused("the Ray cluster answers %d: %s".formatted(status, said));
    }
  }

  HttpRequest.Builder request(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(address + PATH + path))
            .timeout(deadline)
            .header("content-type", "application/json");
    if (token != null && !token.isBlank()) request.header("authorization", "Bearer " + token);
    return request;
  }

  Answer send(HttpRequest.Builder request) {
    try {
      HttpResponse<InputStream> response =
          client.send(request.build(), BodyHandlers.ofInputStream());
      try (InputStream body = response.body()) {
        byte[] read = body.readNBytes(MOST_BYTES);
        return new Answer(response.statusCode(), new String(read, StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the Ray cluster does not answer", e);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException("interrupted"));
    }
  }
}
