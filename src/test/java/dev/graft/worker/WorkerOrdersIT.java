package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.QueueServer;
import dev.graft.jobs.QueueServer.Submitted;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Cordon, drain, uncordon and removal of worker processes, asked as an administrator asks. */
@GraftIT
@Import(QueueServer.class)
@TestPropertySource(
    properties = {
      "graft.jobs.lease-ttl=30s",
      "graft.jobs.heartbeat=300ms",
      "graft.jobs.claim-poll=100ms",
    })
class WorkerOrdersIT {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Duration LONG = Duration.ofSeconds(90);
  private static final String LONG_JOB = "{\"steps\":100000,\"step_ms\":50}";

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private final List<Process> workers = new ArrayList<>();
  private String admin = "";

  @BeforeEach
  void anAdministrator() {
    admin = keys.createForAdministrator(ApiKeys.UNNAMED, null).secret();
  }

  @AfterEach
  void stopWorkers() throws Exception {
    for (Process worker : workers) worker.destroyForcibly().waitFor();
    server.awaitNoRequests();
  }

  @Test
  void aCordonedWorkerGoesOnAndGetsNoOtherJob() throws Exception {
    Submitted job = server.submit(LONG_JOB, directory);
    String worker = workerOf(job, "cordoned");
    JsonNode told = ask("POST", worker + "/cordon", 200);
    assertThat(told.path("cordoned_at").asLong()).isPositive();
    assertThat(told.path("draining").asBoolean()).isFalse();
    assertThat(ask("POST", worker + "/cordon", 200).path("cordoned_at"))
        .as("again")
        .isEqualTo(told.path("cordoned_at"));
    int step = server.step(job);
    await().atMost(LONG).until(() -> server.step(job) > step + 10);
    Submitted next = server.submit("{\"steps\":2}", directory);
    server.cancel(job);
    await().atMost(LONG).until(() -> server.state(job).equals("cancelled"));
    await().atMost(LONG).until(() -> hasAskedAgain(worker));
    assertThat(server.state(next)).isEqualTo("queued");
    assertThat(ask("POST", worker + "/uncordon", 200).path("cordoned_at").isNull()).isTrue();
    await().atMost(LONG).until(() -> server.state(next).equals("succeeded"));
    assertThat(audited(worker)).containsExactly("cordoned", "cordoned", "uncordoned");
    assertThat(server.violations()).isEmpty();
  }

  @Test
  void aDrainedWorkerGivesItsJobBackWithACheckpointAndNoLoss() throws Exception {
    Submitted job = server.submit(LONG_JOB, directory);
    String worker = workerOf(job, "drained");
    ask("POST", worker + "/drain", 200);
    await().atMost(LONG).until(() -> ask("GET", worker, 200).path("jobs").isEmpty());
    assertThat(ask("GET", worker, 200).path("draining").asBoolean()).isTrue();
    assertThat(server.state(job)).isEqualTo("queued");
    assertThat(server.checkpoint(job)).isPositive().isEqualTo(server.step(job));
    assertThat(server.attempts(job)).contains("released").doesNotContain("lost");
    await().atMost(LONG).until(() -> hasAskedAgain(worker));
    assertThat(server.state(job)).isEqualTo("queued");
    int given = server.step(job);
    ask("POST", worker + "/uncordon", 200);
    await().atMost(LONG).until(() -> server.step(job) > given);
    assertThat(server.failures(job)).isZero();
    server.cancel(job);
    await().atMost(LONG).until(() -> server.state(job).equals("cancelled"));
    assertThat(server.violations()).isEmpty();
  }

  @Test
  void aRemovedWorkerWritesNothingMoreAndItsJobIsInTheQueueAtOnce() throws Exception {
    Submitted job = server.submit(LONG_JOB, directory);
    String worker = workerOf(job, "removed");
    JsonNode gone = ask("DELETE", worker, 200);
    assertThat(gone.path("object").asString()).isEqualTo("organization.worker.deleted");
    assertThat(server.state(job)).isEqualTo("queued");
    assertThat(server.attempts(job)).contains("released").doesNotContain("lost");
    int step = server.step(job);
    for (String path : List.of(worker, worker + "/cordon", worker + "/drain")) {
      ask(path.equals(worker) ? "GET" : "POST", path, 404);
    }
    ask("DELETE", worker, 404);
    assertThat(workers.getLast().descendants().allMatch(each -> ended(each, LONG))).isTrue();
    assertThat(server.state(job)).isEqualTo("queued");
    assertThat(server.step(job)).isEqualTo(step);
    workers.add(TestWorker.start(directory.resolve("other"), url(), server.joinToken()));
    await().atMost(LONG).until(() -> server.step(job) > step);
    server.cancel(job);
    await().atMost(LONG).until(() -> server.state(job).equals("cancelled"));
    assertThat(audited(worker)).containsExactly("revoked");
    assertThat(server.violations()).isEmpty();
  }

  @Test
  void theWorkerInsideAServerHasNoCredentialToTake() throws Exception {
    sql.sql(
            """
            insert into worker (id, name, created_at) values ('wkr_inside', 'in-process', graft_now())
            """)
        .update();
    JsonNode refused = ask("DELETE", "wkr_inside", 400);
    assertThat(refused.path("error").path("message").asString()).contains("--role server");
    assertThat(ask("POST", "wkr_inside/cordon", 200).path("cordoned_at").asLong()).isPositive();
    ask("POST", "wkr_unknown/cordon", 404);
    sql.sql("delete from worker where id = 'wkr_inside'").update();
  }

  /** Starts a worker and waits until it trains the job; its id. */
  private String workerOf(Submitted job, String name) throws Exception {
    workers.add(TestWorker.start(directory.resolve(name), url(), server.joinToken()));
    await().atMost(LONG).until(() -> server.step(job) > 3);
    return sql.sql("select worker_id from job_lease where job_id = :job and ended_at is null")
        .param("job", job.id())
        .query(String.class)
        .single();
  }

  /** Whether it has asked for work since its lease ended. */
  private boolean hasAskedAgain(String worker) {
    return sql.sql(
            """
            select exists (select from worker w
                            where w.id = :worker
                              and w.last_seen_at > (select max(ended_at) + interval '1 s'
                                                      from job_lease where worker_id = w.id))
            """)
        .param("worker", worker)
        .query(Boolean.class)
        .single();
  }

  private static boolean ended(ProcessHandle process, Duration within) {
    await().atMost(within).until(() -> !process.isAlive());
    return true;
  }

  private List<String> audited(String worker) {
    return sql.sql(
            """
            select substr(type, 8) from audit_log
             where resource_id = :worker and type like 'worker.%' order by effective_at, id
            """)
        .param("worker", worker)
        .query(String.class)
        .list();
  }

  private JsonNode ask(String method, String path, int status) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url() + "/v1/organization/workers/" + path))
            .header("authorization", "Bearer " + admin)
            .method(method, BodyPublishers.noBody())
            .build();
    HttpResponse<String> response = HTTP.send(request, BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    return JsonMapper.shared().readTree(response.body());
  }

  private String url() {
    return "http://127.0.0.1:" + port;
  }
}
