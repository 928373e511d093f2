package dev.graft.worker;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The Jobs API of a Ray 2.60 head, whose answers these are, with {@code RAY_AUTH_MODE=token}. What
 * a job does is said by the test.
 */
final class FakeRay implements AutoCloseable {
  static final String TOKEN = "a-token-of-this-test-and-no-other";

  private static final String TRACE =
      """
      Traceback (most recent call last):
        File "/ray/dashboard/modules/job/job_head.py", line 419, in submit_job
          resp = await job_agent_client.submit_job_internal(submit_request)
      RuntimeError: Request failed with status code 400: Traceback (most recent call last):
      ValueError: Job with submission_id %s already exists. Please use a different submission_id.
      .
      """;

  /** One submission. */
  final class Job {
    final String id;
    final JsonNode request;
    volatile String status = "RUNNING";
    volatile String message = "Job is currently running.";

    private Job(String id, JsonNode request) {
      this.id = id;
      this.request = request;
    }

    /** The directory that its entrypoint names. */
    Path directory() {
      String entrypoint = request.path("entrypoint").asString("");
      return Path.of(entrypoint.replaceFirst(".*--run '([^']*)'.*", "$1"));
    }

    void ends(String how, String why) {
      message = why;
      status = how;
    }

    private String json() {
      return JsonMapper.shared()
          .createObjectNode()
          .put("type", "SUBMISSION")
          .put("submission_id", id)
          .put("status", status)
          .put("message", message)
          .put("start_time", 1795848902758L)
          .putNull("driver_exit_code")
          .toString();
    }
  }

  private final HttpServer server;
  private final Map<String, Job> jobs = new LinkedHashMap<>();
  final List<String> calls = new CopyOnWriteArrayList<>();
  private volatile Consumer<Job> submitted = job -> {};
  private volatile boolean losesAnswers;
  private volatile int broken;

  FakeRay() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
  }

  /** What happens at the cluster when a job is submitted. */
  void onSubmission(Consumer<Job> then) {
    submitted = then;
  }

  /** Jobs are made, but nobody hears of it. */
  void losesAnswersToSubmissions() {
    losesAnswers = true;
  }

  /** As behind a proxy whose head is gone; 0 = mended. */
  void answers(int status) {
    broken = status;
  }

  synchronized Job begin(String id, JsonNode request) {
    Job job = new Job(id, request);
    jobs.put(id, job);
    return job;
  }

  synchronized void forget(String id) {
    jobs.remove(id);
  }

  synchronized void forgetAll() {
    jobs.clear();
  }

  synchronized List<String> known() {
    return List.copyOf(jobs.keySet());
  }

  private void answer(HttpExchange call) throws IOException {
    String path = call.getRequestURI().getPath();
    String body = new String(call.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    calls.add(call.getRequestMethod() + " " + path);
    String said = call.getRequestHeaders().getFirst("authorization");
    if (broken != 0) reply(call, broken, "text/html", "<html>502</html>");
    else if (said == null)
      reply(call, 401, "text/plain", "Unauthorized: Missing authentication token");
    else if (!said.equals("Bearer " + TOKEN)) {
      reply(call, 403, "text/plain", "Forbidden: Invalid authentication token");
    } else if (path.equals("/api/jobs/") && call.getRequestMethod().equals("POST")) {
      submit(call, body);
    } else if (path.equals("/api/jobs/")) {
      reply(call, 200, "application/json", list());
    } else {
      one(call, path.substring("/api/jobs/".length()));
    }
  }

  private synchronized String list() {
    return jobs.values().stream().map(Job::json).toList().toString();
  }

  private void submit(HttpExchange call, String body) throws IOException {
    JsonNode request = JsonMapper.shared().readTree(body);
    String id = request.path("submission_id").asString("");
    if (known().contains(id)) {
      reply(call, 500, "text/plain", TRACE.formatted(id));
      return;
    }
    submitted.accept(begin(id, request));
    if (losesAnswers) {
      losesAnswers = false;
      call.close();
      return;
    }
    String json = "{\"job_id\": \"%1$s\", \"submission_id\": \"%1$s\"}".formatted(id);
    reply(call, 200, "application/json", json);
  }

  private synchronized void one(HttpExchange call, String rest) throws IOException {
    String id = rest.replaceFirst("/.*", "");
    Job job = jobs.get(id);
    if (job == null) reply(call, 404, "text/plain", "Job " + id + " does not exist");
    else if (rest.endsWith("/stop")) {
      if (job.status.equals("RUNNING")) job.ends("STOPPED", "Job was intentionally stopped.");
      reply(call, 200, "application/json", "{\"stopped\": true}");
    } else if (rest.endsWith("/logs")) {
      reply(call, 200, "application/json", "{\"logs\": \"ModuleNotFoundError: graft_ray\\n\"}");
    } else {
      reply(call, 200, "application/json", job.json());
    }
  }

  private static void reply(HttpExchange call, int status, String type, String body)
      throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    call.getResponseHeaders().set("content-type", type + "; charset=utf-8");
    call.sendResponseHeaders(status, bytes.length);
    call.getResponseBody().write(bytes);
    call.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
