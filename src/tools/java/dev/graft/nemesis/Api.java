package dev.graft.nemesis;

import dev.graft.nemesis.Cluster.NotAcknowledged;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A department's calls. Reads are repeated until answered; writes are made once. */
final class Api {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Duration ANSWER = Duration.ofSeconds(15);
  private static final Duration RECOVERY = Duration.ofMinutes(3);
  private static final Duration AGAIN = Duration.ofMillis(300);
  private static final String BOUNDARY = "graft-nemesis-51c0";

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private final List<URI> servers;
  private final String key;
  private final AtomicInteger turn = new AtomicInteger();

  /**
   * @param servers each gets the next request, as by way of a load balancer without stickiness
   */
  Api(List<URI> servers, String key) {
    this.servers = List.copyOf(servers);
    this.key = key;
  }

  /** The same calls to one server. */
  Api at(URI server) {
    return new Api(List.of(server), key);
  }

  JsonNode get(String path) {
    return JSON.readTree(bytes(path));
  }

  /** The bytes that are there, however long the server takes to come back. */
  byte[] bytes(String path) {
    Cluster.Deadline deadline = Cluster.Deadline.in(RECOVERY);
    while (true) {
      try {
        return once(request(path).GET());
      } catch (NotAcknowledged unanswered) {
        if (deadline.passed()) throw new Cluster.Stuck(path + ": " + unanswered.getMessage());
        Cluster.Deadline.pause(AGAIN);
      }
    }
  }

  boolean answers() {
    try {
      once(request("/v1/models").GET());
      return true;
    } catch (NotAcknowledged notYet) {
      return false;
    }
  }

  JsonNode post(String path, Map<String, ?> body) {
    return JSON.readTree(
        once(
            request(path)
                .header("content-type", "application/json")
                .POST(BodyPublishers.ofString(JSON.writeValueAsString(body)))));
  }

  /** Uploads a training file; returns its id. */
  String upload(String name, String content) {
    String body =
        """
        --%1$s\r
        content-disposition: form-data; name="purpose"\r
        \r
        fine-tune\r
        --%1$s\r
        content-disposition: form-data; name="file"; filename="%2$s"\r
        content-type: application/jsonl\r
        \r
        %3$s\r
        --%1$s--\r
        """
            .formatted(BOUNDARY, name, content);
    return JSON.readTree(
            once(
                request("/v1/files")
                    .header("content-type", "multipart/form-data; boundary=" + BOUNDARY)
                    .POST(BodyPublishers.ofString(body))))
        .path("id")
        .asString();
  }

  private HttpRequest.Builder request(String path) {
    URI server = servers.get(Math.floorMod(turn.getAndIncrement(), servers.size()));
    return HttpRequest.newBuilder(server.resolve(path))
        .timeout(ANSWER)
        .header("authorization", "Bearer " + key);
  }

  private byte[] once(HttpRequest.Builder builder) {
    HttpRequest request = builder.build();
    String what = request.method() + " " + request.uri().getPath();
    try {
      HttpResponse<byte[]> response = http.send(request, BodyHandlers.ofByteArray());
      if (response.statusCode() >= 500 || response.statusCode() == 429) {
        throw new NotAcknowledged(what + " answered " + response.statusCode());
      }
      if (response.statusCode() / 100 != 2) {
        String body = new String(response.body(), StandardCharsets.UTF_8);
        throw new Cluster.Stuck("%s answered %d: %s".formatted(what, response.statusCode(), body));
      }
      return response.body();
    } catch (IOException e) {
      throw new NotAcknowledged(what + " was not answered: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Cluster.Stuck("interrupted");
    }
  }
}
