package dev.graft.worker;

import dev.graft.jobs.lease.Lease.LeaseKey;
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
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Ray's Jobs API (2.60), but for DELETE: a job that is deleted as it ends comes back as failed.
 * Every call has a deadline; one that is not answered is an {@link java.io.UncheckedIOException}
 * and may be repeated.
 */
final class RayJobs {
  private final RayHttp http;

  /**
   * @param address of the dashboard
   * @param token null = the cluster asks for none
   * @param deadline of each call
   */
  RayJobs(URI address, @Nullable String token, Duration deadline) {
    http = new RayHttp(address, token, deadline);
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
    RayHttp.Answer answer =
        http.send(http.request("").POST(BodyPublishers.ofString(request.toString())));
    if (answer.good()) return;
    // Ray 2.60 says 500 of an id that is there.
    if (answer.body().contains("already exists") && find(id).isPresent()) return;
    throw answer.refused();
  }

  /** Empty if the cluster does not know it, or no more. */
  Optional<RayJob> find(SubmissionId id) {
    RayHttp.Answer answer = http.send(http.request(id.toString()).GET());
    if (answer.status() == 404) return Optional.empty();
    return Optional.of(RayJob.read(answer.json()));
  }

  /** Every submission that the cluster knows. */
  List<RayJob> all() {
    List<RayJob> all = new ArrayList<>();
    for (JsonNode each : http.send(http.request("").GET()).json()) all.add(RayJob.read(each));
    return all;
  }

  /** Asks for its end; one that has ended, or is not there, stays so. */
  void stop(SubmissionId id) {
    RayHttp.Answer answer = http.send(http.request(id + "/stop").POST(BodyPublishers.noBody()));
    if (!answer.good() && answer.status() != 404) throw answer.refused();
  }

  /** What it has printed, whole or its beginning; empty if the cluster does not know it. */
  String logs(SubmissionId id) {
    RayHttp.Answer answer = http.send(http.request(id + "/logs").GET());
    return answer.good() ? answer.json().path("logs").asString("") : "";
  }

  /** Calls of one cluster's Jobs API, and what its answers mean. */
  static final class RayHttp {
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
       * 502 to 504 are a proxy's, or of a head that begins: they may pass. The last line of what
       * Ray says is told: it has the reason of a stack trace.
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

  /**
   * What Ray says of a submission.
   *
   * @param message for operators
   */
  record RayJob(String submissionId, Status status, String message) {
    /** As Ray calls them; what this release does not know is taken for running. */
    enum Status {
      PENDING,
      RUNNING,
      STOPPED,
      SUCCEEDED,
      FAILED
    }

    static RayJob read(JsonNode json) {
      String said = json.path("status").asString("");
      return new RayJob(
          json.path("submission_id").asString(""),
          Arrays.stream(Status.values())
              .filter(each -> each.name().equals(said))
              .findFirst()
              .orElse(Status.RUNNING),
          json.path("message").asString(""));
    }

    boolean ended() {
      return switch (status) {
        case PENDING, RUNNING -> false;
        case STOPPED, SUCCEEDED, FAILED -> true;
      };
    }
  }

  /** The cluster answered, and will not do it; the message is for operators. */
  static final class RayRefused extends RuntimeException {
    private static final long serialVersionUID = 1;

    RayRefused(String message) {
      super(message);
    }
  }

  /**
   * A job and the epoch of its lease, as Ray knows the run of both: {@code graft-<job>-e<epoch>}.
   */
  record SubmissionId(String job, long epoch) {
    private static final Pattern JOB = Pattern.compile("[A-Za-z0-9_-]{1,100}");
    private static final Pattern TEXT =
        Pattern.compile("graft-([A-Za-z0-9_-]{1,100})-e([0-9]{1,18})");

    SubmissionId {
      if (!JOB.matcher(job).matches()) throw new IllegalArgumentException("not the id of a job");
    }

    static SubmissionId of(LeaseKey key) {
      return new SubmissionId(key.jobId(), key.epoch());
    }

    /** Empty if the submission is not one of Graft's. */
    static Optional<SubmissionId> read(String text) {
      Matcher parts = TEXT.matcher(text);
      if (!parts.matches()) return Optional.empty();
      return Optional.of(new SubmissionId(parts.group(1), Long.parseLong(parts.group(2))));
    }

    /** Whether it is of an earlier lease of the same job. */
    boolean before(SubmissionId other) {
      return job.equals(other.job) && epoch < other.epoch;
    }

    @Override
    public String toString() {
      return "graft-" + job + "-e" + epoch;
    }
  }
}
