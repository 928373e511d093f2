package dev.graft.servers;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.adapters.PublishedAdapters;
import dev.graft.datasets.DatasetsApi;
import dev.graft.jobs.FollowingClient;
import dev.graft.jobs.HandWorker;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.QueueServer.Submitted;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.pg.TwoServers;
import dev.graft.pg.TwoServers.Server;
import dev.graft.platform.SignedLinks;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.WebSessions;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Two servers behind a load balancer without stickiness are one service. */
class OneServiceOfTwoServersIT {
  private static final byte[] ROWS = "{\"text\":\"some words\"}\n".repeat(40_000).getBytes(UTF_8);

  private final TwoServers servers = servers();
  private final Server a = servers.a();
  private final Server b = servers.b();
  @TempDir Path directory;
  private String department;
  private String key;

  TwoServers servers() {
    return TwoServers.shared();
  }

  @BeforeEach
  void aDepartment() {
    department = a.get(Departments.class).ensure("d-" + UUID.randomUUID());
    key = a.get(ApiKeys.class).create(department, Caller.Scope.USER).secret();
  }

  private ApiClient client(Server server) {
    return new ApiClient(server.port(), key);
  }

  /** Both at once. */
  private static <T> List<T> both(Callable<T> one, Callable<T> other) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<T> results = new ArrayList<>();
      for (Future<T> each : threads.invokeAll(List.of(one, other))) results.add(each.get());
      return results;
    }
  }

  @Test
  void aKeyOfOneOpensTheOtherUntilItIsRevokedThere() throws Exception {
    ApiKeys.Created made = a.get(ApiKeys.class).create(department, Caller.Scope.USER);
    ApiClient client = client(b).as(made.secret());
    ok(client.get("/v1/models"));
    String session = a.get(WebSessions.class).open(made.secret()).orElseThrow();
    ok(client.as(session).get("/v1/models"));
    a.get(ApiKeys.class).revoke(made.id());
    error(client.get("/v1/models"), 401);
    error(client.as(session).get("/v1/models"), 401);
  }

  @Test
  void whatOneSignsTheOtherReads() throws Exception {
    SignedLinks links = a.get(SignedLinks.class);
    String token = links.sign("adapter x", a.get(Clock.class).instant().plusSeconds(60));
    assertThat(b.get(SignedLinks.class).read(token)).hasValue("adapter x");
    String url = "https://127.0.0.1/hooks";
    JsonNode endpoint =
        ok(
            client(a)
                .post(
                    "/v1/webhook_endpoints",
                    "{'name': 'portal', 'url': '%s', 'event_types': ['fine_tuning.job.failed']}"
                        .formatted(url)));
    String rotated = "/v1/webhook_endpoints/" + text(endpoint, "id");
    assertThat(text(ok(client(b).get(rotated)), "id")).isEqualTo(text(endpoint, "id"));
  }

  @RepeatedTest(5)
  void anUploadThatBothCompleteIsOneFile() throws Exception {
    DatasetsApi first = new DatasetsApi(a.port(), key);
    DatasetsApi second = new DatasetsApi(b.port(), key);
    int half = ROWS.length / 2;
    JsonNode upload =
        DatasetsApi.ok(
            first.post(
                "uploads",
                Map.of(
                    "filename", "train.jsonl",
                    "purpose", "fine-tune",
                    "bytes", ROWS.length,
                    "mime_type", "application/jsonl")));
    String id = DatasetsApi.id(upload);
    String one = DatasetsApi.id(DatasetsApi.ok(first.part(id, Arrays.copyOf(ROWS, half))));
    String two =
        DatasetsApi.id(
            DatasetsApi.ok(second.part(id, Arrays.copyOfRange(ROWS, half, ROWS.length))));
    Map<String, ?> parts = Map.of("part_ids", List.of(one, two));
    List<HttpResponse<String>> done =
        both(
            () -> first.post("uploads/" + id + "/complete", parts),
            () -> second.post("uploads/" + id + "/complete", parts));
    Set<String> files = new HashSet<>();
    for (HttpResponse<String> each : done) files.add(text(DatasetsApi.ok(each).get("file"), "id"));
    assertThat(files).hasSize(1);
    assertThat(ok(client(b).get("/v1/files")).get("data")).hasSize(1);
    assertThat(second.content(files.iterator().next())).isEqualTo(ROWS);
  }

  @RepeatedTest(3)
  void aRepeatedRequestIsOneThingWhereverItArrives() throws Exception {
    String body = "{'name': 'n-%s', 'adapter': {'peft': {'r': 4}}}".formatted(UUID.randomUUID());
    List<HttpResponse<String>> made = both(() -> create(a, body), () -> create(b, body));
    assertThat(text(ok(made.getFirst()), "id")).isEqualTo(text(ok(made.getLast()), "id"));
  }

  private HttpResponse<String> create(Server server, String body) throws Exception {
    return client(server)
        .send(
            "POST",
            "/v1/adapter_configs",
            body.replace('\'', '"'),
            "idempotency-key",
            "k-" + department);
  }

  @Test
  void eventsAreFollowedAtOneWhileTheWorkerReportsAtTheOther() throws Exception {
    QueueServer queue = a.make(QueueServer.class);
    HandWorker worker = a.make(HandWorker.class);
    Submitted job = queue.submit("{}", directory);
    String owner = b.get(ApiKeys.class).create(job.department(), Caller.Scope.USER).secret();
    String path = "/v1/fine_tuning/jobs/" + job.id() + "/events/stream";
    try (FollowingClient follower = new FollowingClient(client(b).as(owner), path, "")) {
      LeaseKey lease = worker.claim();
      worker.report(lease, 1, 1, 2, 3);
      worker.complete(lease, worker.uploadDirectory(lease, "w".getBytes(UTF_8)));
      List<String> events = follower.rest();
      assertThat(events).anyMatch(event -> event.contains("successfully completed"));
      assertThat(events.getLast()).contains("[DONE]");
    }
  }

  @Test
  void anArchiveThatBothMakeHasOneChecksum() throws Exception {
    PublishedAdapters.Published adapter = a.make(PublishedAdapters.class).publish(department);
    String path = "/v1/adapters/" + adapter.id() + "/content";
    List<HttpResponse<String>> got = both(() -> client(a).get(path), () -> client(b).get(path));
    assertThat(got.getFirst().headers().firstValue("x-checksum-sha256"))
        .isPresent()
        .isEqualTo(got.getLast().headers().firstValue("x-checksum-sha256"));
  }

  @Test
  void aLargeFileIsValidatedByOneOfThem() throws Exception {
    List<String> files = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      DatasetsApi api = new DatasetsApi((i % 2 == 0 ? a : b).port(), key);
      files.add(
          DatasetsApi.id(
              DatasetsApi.ok(api.file("f.jsonl", ROWS, Map.of("purpose", "fine-tune")))));
    }
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> ok(client(b).get("/v1/files")).get("data").valueStream().toList(),
            all -> all.stream().allMatch(file -> text(file, "status").equals("processed")));
    assertThat(ok(client(a).get("/v1/files")).get("data")).hasSize(files.size());
  }
}
