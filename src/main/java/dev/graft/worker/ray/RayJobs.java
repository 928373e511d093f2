package dev.graft.worker.ray;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Ray's Jobs API (2.60). Every call has a deadline; one that is not answered is an {@link
 * UncheckedIOException} and may be repeated.
 */
final class RayJobs {
  private static final String PATH = "/api/jobs/";
  private static final int MOST_BYTES = 32 << 20;
  private static final int MOST_SAID = 300;

  private final HttpClient client;
  private final String address;
  private final @Nullable String token;
  private final Duration deadline;

  /**
   * @param address of the dashboard
   * @param token null = the cluster asks for none
   */
  RayJobs(URI address, @Nullable String token, Duration deadline) {
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
  private record Answer(int status, String body) {
    boolean good() {
      return status == 200;
    }
  }

  /**
   * Submits, or finds that it was submitted before: the answer to that may have been lost.
   *
   * @param runtimeEnvironment null = the cluster's
   */
  void submit(SubmissionId id, String entrypoint, @Nullable JsonNode runtimeEnvironment) {
    var request =
        JsonMapper.shared()
            .createObjectNode()
            .put("entrypoint", entrypoint)
            .put("submission_id", id.toString());
    request.putObject("metadata").put("graft_job", id.job()).put("graft_epoch", "" + id.epoch());
    if (runtimeEnvironment != null) request.set("runtime_env", runtimeEnvironment);
    Answer answer = send(request("").POST(BodyPublishers.ofString(request.toString())));
    if (answer.good()) return;
    // Ray 2.60 says 500 of an id that is there.
    if (answer.body().contains("already exists") && find(id).isPresent()) return;
    throw refused(answer);
  }

  /** Empty if the cluster does not know it, or no more. */
  Optional<RayJob> find(SubmissionId id) {
    Answer answer = send(request(id.toString()).GET());
    if (answer.status() == 404) return Optional.empty();
    return Optional.of(RayJob.read(json(answer)));
  }

  /** Every submission that the cluster knows. */
  List<RayJob> all() {
    List<RayJob> all = new ArrayList<>();
    for (JsonNode each : json(send(request("").GET()))) all.add(RayJob.read(each));
    return all;
  }

  /** Asks for its end; one that has ended, or is not there, stays so. */
  void stop(SubmissionId id) {
    Answer answer = send(request(id + "/stop").POST(BodyPublishers.noBody()));
    if (!answer.good() && answer.status() != 404) throw refused(answer);
  }

  /** Forgets one that has ended. */
  void forget(SubmissionId id) {
    Answer answer = send(request(id.toString()).DELETE());
    if (!answer.good() && answer.status() != 404) throw refused(answer);
  }

  /** What it has printed, whole or its beginning; empty if the cluster does not know it. */
  String logs(SubmissionId id) {
    Answer answer = send(request(id + "/logs").GET());
    return answer.good() ? json(answer).path("logs").asString("") : "";
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(address + PATH + path))
            .timeout(deadline)
            .header("content-type", "application/json");
    if (token != null && !token.isBlank()) request.header("authorization", "Bearer " + token);
    return request;
  }

  private Answer send(HttpRequest.Builder request) {
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

  private static JsonNode json(Answer answer) {
    if (!answer.good()) throw refused(answer);
    try {
      return JsonMapper.shared().readTree(answer.body());
    } catch (JacksonException notJson) {
      throw new RayRefused("what answers at graft.worker.ray.address is no Ray dashboard");
    }
  }

  /**
   * 502 to 504 are a proxy's, or of a head that begins: they may pass. The last line of what Ray
   * says is told: it has the reason of a stack trace.
   */
  private static RuntimeException refused(Answer answer) {
    int status = answer.status();
    if (status == 401 || status == 403) {
      return new RayRefused("the Ray cluster does not take graft.worker.ray.token");
    }
    List<String> lines =
        answer.body().lines().map(String::strip).filter(line -> line.length() > 2).toList();
    String last = lines.isEmpty() ? "" : lines.getLast();
    String said = last.substring(0, Math.min(MOST_SAID, last.length()));
    // A head that begins knows no agent yet: "No available agent to submit job, please try again".
    boolean begins = answer.body().contains("No available agent");
    if (begins || (status >= 502 && status <= 504)) {
      return new UncheckedIOException(new IOException("the Ray cluster answers " + status));
    }
    return new RayRefused("the Ray cluster answers %d: %s".formatted(status, said));
  }
}
