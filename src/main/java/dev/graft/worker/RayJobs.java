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
 * Ray's Jobs API (2.60), without DELETE: a job that is deleted while it ends reappears as failed.
 * Every call has a deadline; a call without an answer throws {@link java.io.UncheckedIOException}
 * and may be repeated.
 */
final class RayJobs {
  private final RayHttp http;

  /**
   * @param address of the dashboard
   * @param token null = the cluster requires none
   * @param deadline of each call
   */
  RayJobs(URI address, @Nullable String token, Duration deadline) {
    http = new RayHttp(address, token, deadline);
  }

  /**
   * Submits a job, unless an earlier call, whose answer was lost, has submitted it.
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
    // Ray 2.60 answers 500 for an id that exists.
    if (answer.body().contains("already exists") && find(id).isPresent()) return;
    throw answer.refused();
  }

  /** Finds a job; empty if the cluster does not know it, or has forgotten it. */
  Optional<RayJob> find(SubmissionId id) {
    RayHttp.Answer answer = http.send(http.request(id.toString()).GET());
    if (answer.status() == 404) return Optional.empty();
    return Optional.of(RayJob.read(answer.json()));
  }

  /** Returns all submissions that the cluster knows. */
  List<RayJob> all() {
    List<RayJob> all = new ArrayList<>();
    for (JsonNode each : http.send(http.request("").GET()).json()) all.add(RayJob.read(each));
    return all;
  }

  /** Asks the cluster to stop a job; does nothing if it has ended or is unknown. */
  void stop(SubmissionId id) {
    RayHttp.Answer answer = http.send(http.request(id + "/stop").POST(BodyPublishers.noBody()));
    if (!answer.good() && answer.status() != 404) throw answer.refused();
  }

  /** Returns the output of a job, or its beginning; empty if the cluster does not know it. */
  String logs(SubmissionId id) {
    RayHttp.Answer answer = http.send(http.request(id + "/logs").GET());
    return answer.good() ? answer.json().path("logs").asString("") : "";
  }

  /** HTTP calls of one cluster's Jobs API. */
  static final class RayHttp {
    private static final String PATH = "/api/jobs/";
    private static final int MOST_BYTES = 32 << 20;
    private static final int LONGEST_ERROR = 300;

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

    /** An answer: its status and the beginning of its body. */
    record Answer(int status, String body) {
      boolean good() {
        return status == 200;
      }

      JsonNode json() {
        if (!good()) throw refused();
        try {
          return JsonMapper.shared().readTree(body);
        } catch (JacksonException notJson) {
          throw new RayRefused("the server at graft.worker.ray.address is not a Ray dashboard");
        }
      }

      /**
       * Returns the exception for this answer. 502 to 504 come from a proxy or a starting head node
       * and may pass. The message is the last line of Ray's answer, which has the reason of a stack
       * trace.
       */
      RuntimeException refused() {
        if (status == 401 || status == 403) {
          return new RayRefused("the Ray cluster does not accept graft.worker.ray.token");
        }
        // A starting head node has no agent yet: "No available agent to submit job, please try
        // again".
        if (body.contains("No available agent") || (status >= 502 && status <= 504)) {
          return new UncheckedIOException(new IOException("the Ray cluster answered " + status));
        }
        List<String> lines =
            body.lines().map(String::strip).filter(line -> line.length() > 2).toList();
        String last = lines.isEmpty() ? "" : lines.getLast();
        String error = last.substring(0, Math.min(LONGEST_ERROR, last.length()));
        return new RayRefused("the Ray cluster answered %d: %s".formatted(status, error));
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
   * A submission and its state.
   *
   * @param message for operators
   */
  record RayJob(String submissionId, Status status, String message) {
    /** Ray's states; a state that this release does not know is read as running. */
    enum Status {
      PENDING,
      RUNNING,
      STOPPED,
      SUCCEEDED,
      FAILED
    }

    static RayJob read(JsonNode json) {
      String name = json.path("status").asString("");
      return new RayJob(
          json.path("submission_id").asString(""),
          Arrays.stream(Status.values())
              .filter(each -> each.name().equals(name))
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

  /** The cluster refuses a request; the message is for operators. */
  static final class RayRefused extends RuntimeException {
    private static final long serialVersionUID = 1;

    RayRefused(String message) {
      super(message);
    }
  }

  /**
   * Ray's submission id of a run, from the job and the epoch of its lease: {@code
   * graft-<job>-e<epoch>}.
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

    /** Reads an id; empty if the submission is not one of Graft's. */
    static Optional<SubmissionId> read(String text) {
      Matcher parts = TEXT.matcher(text);
      if (!parts.matches()) return Optional.empty();
      return Optional.of(new SubmissionId(parts.group(1), Long.parseLong(parts.group(2))));
    }

    /** Returns whether this run belongs to an earlier lease of the same job. */
    boolean before(SubmissionId other) {
      return job.equals(other.job) && epoch < other.epoch;
    }

    @Override
    public String toString() {
      return "graft-" + job + "-e" + epoch;
    }
  }
}
