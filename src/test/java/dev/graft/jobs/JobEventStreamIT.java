package dev.graft.jobs;

import static dev.graft.jobs.FollowingClient.END;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.ExpectedLog;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Jobs followed over HTTP while a worker's steps are taken by hand. */
@GraftIT
@Import({QueueServer.class, HandWorker.class})
@TestPropertySource(
    properties = {
      "graft.jobs.event-streams.poll=20ms",
      "graft.jobs.event-streams.heartbeat=100ms",
      "graft.jobs.event-streams.max=3",
      "graft.jobs.event-streams.max-per-department=2"
    })
class JobEventStreamIT {
  private static final String DONE = "event: done\ndata: [DONE]";

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  @Autowired HandWorker worker;
  @Autowired FollowedJobs followed;
  @Autowired EndedJobs ended;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private final List<FollowingClient> clients = new ArrayList<>();
  private QueueServer.Submitted job = new QueueServer.Submitted("", "");
  private ApiClient owner = new ApiClient(0, "");

  @BeforeEach
  void aJob() throws Exception {
    job = server.submit("{}", directory);
    owner = new ApiClient(port, keys.create(job.department(), Caller.Scope.USER).secret());
  }

  @AfterEach
  void nobodyFollowsAnyMore() throws Exception {
    server.cancel(job);
    for (FollowingClient client : clients) client.close();
    await().until(() -> followed.open() == 0);
  }

  @Test
  void aStreamBeginsWithTheFirstEventAndEndsAfterTheLast() throws Exception {
    LeaseKey lease = worker.claim();
    worker.report(lease, 1, 1, 2, 3);
    worker.complete(lease, worker.uploadDirectory(lease, "w".getBytes(StandardCharsets.UTF_8)));
    FollowingClient client = follow("");
    assertThat(client.status()).isEqualTo(200);
    assertThat(client.header("content-type")).startsWith("text/event-stream");
    assertThat(client.header("cache-control")).isEqualTo("no-cache");
    assertThat(client.block()).isEqualTo("retry: 2000");
    List<String> events = client.rest();
    assertThat(events.removeLast()).isEqualTo(DONE);
    assertThat(events).isEqualTo(listed()).hasSizeGreaterThan(5);
  }

  @Test
  void eventsArriveAsTheyHappen() throws Exception {
    FollowingClient client = follow("");
    assertThat(client.event()).contains("Created fine-tuning job");
    LeaseKey lease = worker.claim();
    assertThat(client.event()).contains("\"message\":\"Fine-tuning job started\"");
    worker.report(lease, 1, 1, 2);
    assertThat(client.event()).contains("event: metrics\n", "\"step\":1");
    assertThat(client.event()).contains("event: metrics\n", "\"step\":2");
    server.cancel(job);
    assertThat(client.event()).contains("event: message\n", "Cancellation requested");
    worker.release(lease);
    assertThat(client.rest()).last().isEqualTo(DONE);
  }

  @Test
  void whoComesBackMissesNothingAndSeesNothingTwice() throws Exception {
    LeaseKey lease = worker.claim();
    List<String> seen = new ArrayList<>();
    for (int round = 1; round <= 5; round++) {
      FollowingClient client = follow(seen.isEmpty() ? "" : FollowingClient.id(seen.getLast()));
      worker.report(lease, round, 3 * round, 3 * round + 1, 3 * round + 2);
      // Fewer than there are: some come before the connection breaks, some after.
      assertThat(client.status()).isEqualTo(200);
      seen.addAll(client.events(2));
      client.close();
      // Its place is free when the server has noticed; there are two.
      await().until(() -> followed.open() == 0);
    }
    server.cancel(job);
    worker.release(lease); // back in the queue it would forget its steps: it has no checkpoint
    seen.addAll(follow(FollowingClient.id(seen.getLast())).rest());
    assertThat(seen.removeLast()).isEqualTo(DONE);
    assertThat(seen).isEqualTo(listed()).hasSize(2 + 15 + 2);
  }

  @Test
  void nothingComesAfterTheLastEventOfAJobThatHasEnded() throws Exception {
    server.cancel(job);
    FollowingClient client = follow(FollowingClient.id(listed().getLast()));
    assertThat(client.status()).as("clients that would come back for ever stop").isEqualTo(204);
    assertThat(client.block()).isEqualTo(END);
  }

  @Test
  void eventsThatRetentionTookAreNotWaitedFor() throws Exception {
    String first = FollowingClient.id(listed().getFirst());
    server.cancel(job);
    ended.deleteLogs(job.id());
    assertThat(follow("").rest()).containsExactly(DONE);
    assertThat(follow(first).rest()).containsExactly(DONE);
  }

  @Test
  void theDatabaseIsAllThatHasToKnow() throws Exception {
    FollowingClient client = follow("");
    client.event();
    // As another server does it, which tells this one nothing.
    sql.sql(
            """
            with p as (update job_progress set last_event = last_event + 1 where job_id = :job
                       returning job_id, last_event)
            insert into job_event (job_id, number, created_at, level, type, message)
            select job_id, last_event, graft_now(), 'info', 'message', 'from elsewhere' from p
            """)
        .param("job", job.id())
        .update();
    assertThat(client.event()).contains("from elsewhere");
  }

  @Test
  void aDatabaseThatCannotBeAskedForAWhileLosesNothing() throws Exception {
    FollowingClient client = follow("");
    client.event();
    try (ExpectedLog log = ExpectedLog.of(FollowedJobs.class, "followed_jobs_unread")) {
      sql.sql("alter table job_progress rename to job_progress_away").update();
      try {
        for (int i = 0; i < 3; i++) assertThat(client.block()).isEqualTo(": keep-alive");
      } finally {
        sql.sql("alter table job_progress_away rename to job_progress").update();
      }
      assertThat(log.seen()).containsExactly("followed_jobs_unread");
    }
    worker.claim();
    assertThat(client.event()).contains("Fine-tuning job started");
  }

  @Test
  void aStreamThatHasNothingToTellSaysThatItIsThere() throws Exception {
    FollowingClient client = follow("");
    client.event();
    assertThat(client.block()).isEqualTo(": keep-alive");
    assertThat(client.block()).isEqualTo(": keep-alive");
  }

  @Test
  void aKeyThatIsRevokedEndsItsStreams() throws Exception {
    ApiKeys.Created key = keys.create(job.department(), Caller.Scope.USER);
    FollowingClient client = follow(owner.as(key.secret()), "");
    client.event();
    keys.revoke(key.id());
    assertThat(client.rest()).isEmpty();
  }

  @Test
  void anotherDepartmentsJobIsNotThere() throws Exception {
    String other = departments.ensure("other " + UUID.randomUUID());
    ApiClient stranger = owner.as(keys.create(other, Caller.Scope.USER).secret());
    JsonNode error = ApiClient.error(stranger.get(path()), 404);
    assertThat(error.get("code").asString()).isEqualTo("not_found");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "ftevent-%s-000000", "ftevent-%s-000002", "ftevent-other-000001"})
  void anIdThatIsNoEventOfTheJobIsRefused(String id) throws Exception {
    String hex = job.id().substring("ftjob-".length());
    HttpResponse<String> answer =
        owner.send("GET", path(), null, "Last-Event-ID", id.formatted(hex));
    JsonNode error = ApiClient.error(answer, 400);
    assertThat(error.get("param").asString()).isEqualTo("Last-Event-ID");
  }

  @Test
  void noMoreStreamsAreOpenThanMayBe() throws Exception {
    follow("");
    FollowingClient second = follow("");
    HttpResponse<String> answer = owner.get(path());
    assertThat(ApiClient.error(answer, 429).get("message").asString()).contains("2", "department");
    assertThat(answer.headers().firstValue("retry-after")).isPresent();

    QueueServer.Submitted others = server.submit("{}", directory);
    ApiClient other = owner.as(keys.create(others.department(), Caller.Scope.USER).secret());
    String path = path(others.id());
    clients.add(new FollowingClient(other, path, ""));
    assertThat(ApiClient.error(other.get(path), 429).get("message").asString())
        .contains("3", "server");
    second.close();
    await().until(() -> followed.open() < 3);
    clients.add(new FollowingClient(other, path, ""));
    assertThat(clients.getLast().status()).isEqualTo(200);
    server.cancel(others);
  }

  @Test
  void headSaysThatItIsThereAndDoesNotWait() throws Exception {
    assertThat(owner.send("HEAD", path(), null).statusCode()).isEqualTo(200);
  }

  private FollowingClient follow(String lastEventId) throws Exception {
    return follow(owner, lastEventId);
  }

  private FollowingClient follow(ApiClient client, String lastEventId) throws Exception {
    clients.add(new FollowingClient(client, path(), lastEventId));
    return clients.getLast();
  }

  private String path() {
    return path(job.id());
  }

  private static String path(String id) {
    return "/v1/fine_tuning/jobs/" + id + "/events/stream";
  }

  /** As the stream has to have them: the objects of the list, oldest first. */
  private List<String> listed() throws Exception {
    String path = "/v1/fine_tuning/jobs/" + job.id() + "/events?limit=100";
    List<String> events = new ArrayList<>();
    for (JsonNode event : ApiClient.ok(owner.get(path)).get("data")) {
      events.addFirst(
          "id: %s\nevent: %s\ndata: %s"
              .formatted(
                  event.get("id").asString(),
                  event.get("type").asString(),
                  JsonMapper.shared().writeValueAsString(event)));
    }
    return events;
  }
}
