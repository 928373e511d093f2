package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.TestJobs;
import dev.graft.pg.GraftIT;
import dev.graft.platform.Collector;
import dev.graft.platform.Collector.Seen;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.Traces;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.json.JsonMapper;

/** A server and a worker that send their traces to one collector. */
@GraftIT
@Import(QueueServer.class)
class TracedJobIT {
  private static final Collector COLLECTOR = new Collector();
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String PARENT = "00f067aa0ba902b7";

  /** Ids and numbers: nothing that people choose or send. */
  private static final Set<String> ATTRIBUTES =
      Set.of(
          "http.request.method",
          "http.response.status_code",
          "http.route",
          "url.scheme",
          "graft.request_id",
          "graft.department_id",
          "graft.job_id",
          "graft.worker_id",
          "graft.lease_epoch",
          "graft.step_first",
          "graft.step_last",
          "graft.trainer_outcome");

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer queue;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired ArtifactStore store;
  @Autowired JdbcClient sql;
  private String department = "";
  private String body = "";

  @DynamicPropertySource
  static void traced(DynamicPropertyRegistry settings) {
    settings.add(
        "management.opentelemetry.tracing.export.otlp.endpoint",
        () -> COLLECTOR.url() + "/v1/traces");
  }

  @BeforeEach
  void aDepartmentWithAFileAndABaseModel() throws IOException {
    department = departments.ensure("d-" + Long.toString(System.nanoTime(), 36));
    byte[] data = QueueServer.DATA.getBytes(StandardCharsets.UTF_8);
    store.put(new ByteArrayInputStream(data), data.length);
    TestJobs seed = new TestJobs();
    seed.baseModel(sql);
    body = "{\"model\":\"tiny\",\"training_file\":\"%s\"}".formatted(seed.file(sql, department));
  }

  @Test
  void aJobIsOneTraceFromItsRequestToItsResult() throws Exception {
    String job = submit("00-%s-%s-01".formatted(TRACE, PARENT));
    train(job);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> trace().containsKey("POST /worker/v1/leases/{job}/complete"));
    Map<String, List<Seen>> trace = trace();
    Seen request = only(trace, "POST /v1/fine_tuning/jobs");
    assertThat(request.parent()).isEqualTo(PARENT);
    assertThat(request.kind()).isEqualTo(2);
    assertThat(request.attributes())
        .containsEntry("graft.department_id", department)
        .containsEntry("http.response.status_code", "200")
        .containsKey("graft.request_id");
    Seen submitted = follows(request, only(trace, "submit job"));
    Seen waited = follows(submitted, only(trace, "wait in queue"));
    Seen claimed = follows(waited, only(trace, "claim job"));
    assertThat(claimed.attributes()).containsKey("graft.worker_id");
    Seen run = follows(claimed, only(trace, "run job"));
    assertThat(run.service()).isEqualTo("graft-worker");
    assertThat(run.attributes())
        .containsEntry("graft.trainer_outcome", "done")
        .containsEntry("graft.lease_epoch", "1");
    for (Seen each : List.of(submitted, waited, claimed, run)) {
      assertThat(each.attributes()).as(each.name()).containsEntry("graft.job_id", job);
    }
    for (String phase : List.of("fetch inputs", "load model")) follows(run, only(trace, phase));
    List<Seen> steps = trace.get("train steps");
    assertThat(steps).allSatisfy(each -> follows(run, each));
    assertThat(steps.getFirst().attributes()).containsEntry("graft.step_first", "1");
    assertThat(steps.getLast().attributes()).containsEntry("graft.step_last", "10");
    Seen published = follows(run, only(trace, "publish result"));
    Seen completed = follows(published, only(trace, "POST /worker/v1/leases/{job}/complete"));
    assertThat(completed.service()).isEqualTo("graft");
    assertThat(trace).as("what is asked all the time").doesNotContainKey("POST /worker/v1/leases");
    assertThat(COLLECTOR.spans())
        .allSatisfy(span -> assertThat(ATTRIBUTES).containsAll(span.attributes().keySet()))
        .allSatisfy(
            span ->
                assertThat(span.attributes().values())
                    .noneMatch(value -> value.contains("tiny") || value.contains("train.jsonl")));
    assertThat(COLLECTOR.requests()).as("no metrics, no logs").containsOnly("POST /v1/traces");
  }

  @Test
  void aCallerWhoRecordsNoTraceGetsNone() throws Exception {
    String other = TRACE.replace('4', '5');
    String job = submit("00-%s-%s-00".formatted(other, PARENT));
    assertThat(kept(job)).startsWith("00-" + other).endsWith("-00");
    train(job);
    assertThat(COLLECTOR.spans(other)).isEmpty();
  }

  private String submit(String traceparent) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:%d/v1/fine_tuning/jobs".formatted(port)))
            .header(
                "authorization", "Bearer " + keys.create(department, Caller.Scope.USER).secret())
            .header("content-type", "application/json")
            .header("traceparent", traceparent)
            .POST(BodyPublishers.ofString(body))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      String job = JsonMapper.shared().readTree(answer.body()).get("id").asString();
      baseThatCanBeFetched(job);
      return job;
    }
  }

  /** That of the test is a row, and has no files. */
  private void baseThatCanBeFetched(String job) throws IOException {
    Path config = Files.writeString(directory.resolve("config.json"), "{}");
    sql.sql("update job set base_manifest = :manifest where id = :id")
        .param(
            "manifest",
            ManifestDirectory.store(store, Map.of("config.json", config)).sha256().hex())
        .param("id", job)
        .update();
  }

  private String kept(String job) {
    return sql.sql("select traceparent from job where id = :id")
        .param("id", job)
        .query(String.class)
        .single();
  }

  /** By a worker over HTTP, which then stops and has sent what it has. */
  private void train(String job) throws Exception {
    String server = "http://127.0.0.1:" + port;
    WorkerProperties settings =
        TestWorker.settings(directory.resolve("worker"), server, queue.joinToken());
    try (Traces traces = COLLECTOR.traces("graft-worker");
        FileArtifactStore copies = FileArtifactStore.open(settings.directory())) {
      LoopThreads worker =
          WorkerLoop.threads(
              List.of(
                  TestWorker.loop(
                      settings, TestWorker.join(settings, URI.create(server)), copies, traces)));
      worker.start();
      try {
        await()
            .atMost(Duration.ofSeconds(60))
            .until(
                () -> queue.state(new QueueServer.Submitted(department, job)).equals("succeeded"));
      } finally {
        worker.stop();
      }
    }
  }

  private static Map<String, List<Seen>> trace() {
    return COLLECTOR.spans(TRACE).stream().collect(Collectors.groupingBy(Seen::name));
  }

  private static Seen only(Map<String, List<Seen>> trace, String name) {
    assertThat(trace).containsKey(name);
    assertThat(trace.get(name)).as(name).hasSize(1);
    return trace.get(name).getFirst();
  }

  private static Seen follows(Seen parent, Seen child) {
    assertThat(child.parent()).as(child.name()).isEqualTo(parent.id());
    return child;
  }
}
