package dev.graft.webhooks;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.Headers;
import com.openai.models.webhooks.WebhookVerificationParams;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.TestPropertySource;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;

/** What departments are told of their jobs, as their servers see it. */
@GraftIT
@TestPropertySource(
    properties = {
      "graft.webhooks.allowed-networks=127.0.0.0/8",
      "graft.webhooks.allow-http=true",
      "graft.webhooks.max-endpoints=3",
      "graft.webhooks.poll=20ms",
      "graft.webhooks.timeout=1s",
      "graft.webhooks.retries=10ms,10ms"
    })
@DirtiesContext // its loop would look 50 times a second until the end of all tests
class WebhooksIT {
  private static final String ENDPOINTS = "/v1/webhook_endpoints";
  private static final String ENDED = "'fine_tuning.job.succeeded', 'fine_tuning.job.failed'";

  @LocalServerPort private int port;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @Autowired private JdbcClient sql;
  @Autowired private TransactionTemplate transaction;
  private Receiver receiver;
  private String department;
  private ApiClient client;

  @BeforeEach
  void start() throws Exception {
    receiver = new Receiver();
    department = departments.ensure("d-" + UUID.randomUUID());
    client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
  }

  @AfterEach
  void stop() throws Exception {
    for (JsonNode each : ok(client.get(ENDPOINTS)).path("data")) {
      ok(client.delete(ENDPOINTS + "/" + text(each, "id")));
    }
    receiver.close();
  }

  private JsonNode endpoint(String events) throws Exception {
    return endpoint(events, receiver.url());
  }

  private JsonNode endpoint(String events, String url) throws Exception {
    String body = "{'name': 'portal', 'url': '%s', 'event_types': [%s]}".formatted(url, events);
    return ok(client.post(ENDPOINTS, body));
  }

  private String path(JsonNode endpoint) {
    return ENDPOINTS + "/" + text(endpoint, "id");
  }

  private String job(String state) {
    String id = "ftjob-" + UUID.randomUUID();
    sql.sql(
            """
            insert into job (id, department_id, created_at, state, base_model, base_manifest, training_file,
                             training_digest, seed, method, hyperparameters, adapter, available_at)
            values (:id, :department, graft_now(), :state, 'tiny', 'm', 'f', 'd', 1, '{}', '{}', '{}', graft_now())
            """)
        .param("id", id)
        .param("department", department)
        .param("state", state)
        .update();
    return id;
  }

  private void move(String job, String state) {
    sql.sql(
            """
            update job set state = :state,
                           finished_at = case when :state in ('succeeded', 'failed', 'cancelled') then graft_now() end
             where id = :id
            """)
        .param("id", job)
        .param("state", state)
        .update();
  }

  private List<JsonNode> deliveries(JsonNode endpoint) throws Exception {
    return ok(client.get(path(endpoint) + "/deliveries")).path("data").valueStream().toList();
  }

  private JsonNode ended(JsonNode endpoint) {
    return await()
        .until(
            () -> deliveries(endpoint).getFirst(),
            newest -> !text(newest, "status").equals("pending"));
  }

  @Test
  void theEndOfAJobIsToldAndTheSdkBelievesIt() throws Exception {
    JsonNode endpoint = endpoint(ENDED);
    String job = job("queued");
    move(job, "running");
    move(job, "succeeded");
    await().until(() -> receiver.received().size() == 1);

    Receiver.Received told = receiver.received().getFirst();
    assertThat(told.path()).isEqualTo("/hooks");
    assertThat(told.header("content-type")).startsWith("application/json");
    JsonNode event = told.json();
    assertThat(text(event, "object")).isEqualTo("event");
    assertThat(text(event, "id")).isEqualTo(told.header("webhook-id")).startsWith("evt_");
    assertThat(event.at("/data/id").asString()).isEqualTo(job);
    var unwrapped = unwrap(told, text(endpoint, "signing_secret"));
    assertThat(unwrapped.isFineTuningJobSucceeded()).isTrue();
    assertThat(unwrapped.asFineTuningJobSucceeded().data().id()).isEqualTo(job);

    JsonNode delivery = ended(endpoint);
    assertThat(text(delivery, "status")).isEqualTo("delivered");
    assertThat(text(delivery, "id")).isEqualTo(told.header("webhook-id"));
    assertThat(text(delivery, "job_id")).isEqualTo(job);
    assertThat(delivery.at("/attempts/0/status_code").asInt()).isEqualTo(200);
    assertThat(delivery.at("/attempts/0/error").isNull()).isTrue();
  }

  private com.openai.models.webhooks.UnwrapWebhookEvent unwrap(
      Receiver.Received told, String secret) {
    OpenAIClient sdk = OpenAIOkHttpClient.builder().apiKey("-").webhookSecret(secret).build();
    try {
      Headers.Builder headers = Headers.builder();
      told.headers().forEach((name, values) -> headers.put(name, values));
      return sdk.webhooks()
          .unwrap(
              WebhookVerificationParams.builder()
                  .payload(told.body())
                  .headers(headers.build())
                  .build());
    } finally {
      sdk.close();
    }
  }

  @Test
  void onlyWhatIsWantedIsToldAndOnlyWhatHappened() throws Exception {
    endpoint("'fine_tuning.job.waiting_for_approval', 'fine_tuning.job.cancelled'");
    String job = job("queued");
    transaction.executeWithoutResult(
        status -> {
          move(job, "cancelled");
          status.setRollbackOnly();
        });
    move(job, "running");
    move(job, "failed");
    String other = department;
    department = departments.ensure("d-" + UUID.randomUUID());
    move(job("queued"), "cancelled");
    department = other;
    String waiting = job("queued");
    sql.sql("update job set state = 'waiting', approval = 'waiting' where id = ?")
        .param(waiting)
        .update();
    await().until(() -> !receiver.received().isEmpty());

    assertThat(receiver.types()).containsExactly("fine_tuning.job.waiting_for_approval");
    assertThat(receiver.received().getFirst().json().at("/data/id").asString()).isEqualTo(waiting);
  }

  @Test
  void whatWasNotTakenIsSentAgainAndTheEventsOfAJobKeepTheirOrder() throws Exception {
    receiver.answers(500, 503);
    JsonNode endpoint = endpoint("'fine_tuning.job.running', " + ENDED);
    String job = job("queued");
    move(job, "running");
    move(job, "succeeded");
    await().until(() -> receiver.received().size() == 4);

    assertThat(receiver.types())
        .containsExactly(
            "fine_tuning.job.running",
            "fine_tuning.job.running",
            "fine_tuning.job.running",
            "fine_tuning.job.succeeded");
    assertThat(receiver.received().stream().map(Receiver.Received::body).distinct()).hasSize(2);
    assertThat(text(ended(endpoint), "status")).isEqualTo("delivered");
    JsonNode first = deliveries(endpoint).getLast();
    assertThat(first.path("attempts")).hasSize(3);
    assertThat(first.at("/attempts/0/error").asString()).isEqualTo("The receiver answered 500.");
  }

  @Test
  void anEndpointThatTakesNothingIsDisabledAndMayBeTriedAgain() throws Exception {
    receiver.answers(500, 302, 500);
    JsonNode endpoint = endpoint(ENDED);
    move(job("queued"), "failed");
    JsonNode failed = ended(endpoint);
    assertThat(text(failed, "status")).isEqualTo("failed");
    assertThat(failed.path("attempts")).hasSize(3);
    assertThat(receiver.received()).extracting(Receiver.Received::path).containsOnly("/hooks");
    JsonNode disabled =
        await()
            .until(
                () -> ok(client.get(path(endpoint))),
                each -> text(each, "status").equals("disabled"));
    assertThat(text(disabled, "disabled_reason")).contains("The receiver answered 500.");
    move(job("queued"), "failed");
    assertThat(deliveries(endpoint)).hasSize(1);
    error(client.post("/v1/webhook_deliveries/" + text(failed, "id") + "/redeliver", "{}"), 400);

    ok(client.post(path(endpoint), "{'status': 'enabled'}"));
    ok(client.post("/v1/webhook_deliveries/" + text(failed, "id") + "/redeliver", "{}"));
    JsonNode again = ended(endpoint);
    assertThat(text(again, "status")).isEqualTo("delivered");
    assertThat(text(again, "id")).isEqualTo(text(failed, "id"));
    assertThat(again.path("attempts")).hasSize(1);
  }

  @Test
  void aReceiverThatIsGoneIsNotAskedAgain() throws Exception {
    receiver.answers(410);
    JsonNode endpoint = endpoint(ENDED);
    move(job("queued"), "failed");

    assertThat(ended(endpoint).path("attempts")).hasSize(1);
    await().until(() -> text(ok(client.get(path(endpoint))), "status").equals("disabled"));
  }

  @Test
  void anAnswerThatDoesNotComeEndsTheAttempt() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      JsonNode endpoint = endpoint(ENDED, "http://127.0.0.1:" + silent.getLocalPort());
      move(job("queued"), "failed");

      JsonNode failed = ended(endpoint);
      assertThat(failed.at("/attempts/0/status_code").isNull()).isTrue();
      assertThat(failed.at("/attempts/0/error").asString())
          .isEqualTo("The receiver did not answer in time.");
    }
  }

  @Test
  void aSecretIsShownOnceAndChangedWithOrWithoutAnOverlap() throws Exception {
    JsonNode endpoint = endpoint(ENDED);
    String first = text(endpoint, "signing_secret");
    assertThat(first)
        .startsWith("whsec_")
        .endsWith(text(endpoint, "signing_secret_hint").substring(9));
    assertThat(ok(client.get(path(endpoint))).has("signing_secret")).isFalse();
    String keep = "{'keep_old_secret_active_for_24_hours': true}";
    String second =
        text(ok(client.post(path(endpoint) + "/rotate_secret", keep)), "signing_secret");
    ok(client.post(path(endpoint) + "/test", "{'event_type': 'fine_tuning.job.failed'}"));
    move(job("queued"), "failed");
    await().until(() -> receiver.received().size() == 2);
    Receiver.Received both = receiver.received().getLast();
    assertThat(unwrap(both, first).isFineTuningJobFailed()).isTrue();
    assertThat(unwrap(both, second).isFineTuningJobFailed()).isTrue();

    String third = text(ok(client.post(path(endpoint) + "/rotate_secret", "{}")), "signing_secret");
    move(job("queued"), "failed");
    await().until(() -> receiver.received().size() == 3);
    assertThat(receiver.received().getLast().header("webhook-signature")).doesNotContain(" ");
    assertThat(unwrap(receiver.received().getLast(), third).isFineTuningJobFailed()).isTrue();
  }

  @Test
  void aTestIsSentAtOnceAndSaysWhatTheAnswerWas() throws Exception {
    receiver.answers(204, 500);
    JsonNode endpoint = endpoint(ENDED);
    String sample = "{'event_type': 'fine_tuning.job.succeeded'}";
    JsonNode taken = ok(client.post(path(endpoint) + "/test", sample));
    assertThat(text(taken, "object")).isEqualTo("webhook_endpoint.test");
    assertThat(taken.path("status_code").asInt()).isEqualTo(204);
    assertThat(text(taken, "webhook_endpoint_id")).isEqualTo(text(endpoint, "id"));
    JsonNode refused = ok(client.post(path(endpoint) + "/test", sample));
    assertThat(refused.path("status_code").asInt()).isEqualTo(500);
    assertThat(receiver.types()).containsOnly("fine_tuning.job.succeeded");
    assertThat(deliveries(endpoint)).isEmpty();

    String nobody;
    try (ServerSocket closed = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      nobody = "http://127.0.0.1:" + closed.getLocalPort();
    }
    JsonNode unreachable = endpoint(ENDED, nobody);
    assertThat(text(error(client.post(path(unreachable) + "/test", sample), 400), "message"))
        .isEqualTo("The endpoint could not be reached. The receiver refused the connection.");
  }

  @Test
  void endpointsAreChangedListedAndCounted() throws Exception {
    JsonNode first = endpoint(ENDED);
    JsonNode changed =
        ok(client.post(path(first), "{'name': 'b', 'event_types': ['fine_tuning.job.paused']}"));
    assertThat(text(changed, "name")).isEqualTo("b");
    assertThat(text(changed, "url")).isEqualTo(receiver.url());
    assertThat(changed.path("event_types").toString()).isEqualTo("[\"fine_tuning.job.paused\"]");
    JsonNode second = endpoint(ENDED, receiver.url() + "/2");
    endpoint(ENDED, receiver.url() + "/3");
    JsonNode page = ok(client.get(ENDPOINTS + "?limit=2"));
    assertThat(page.path("has_more").asBoolean()).isTrue();
    assertThat(ok(client.get(ENDPOINTS + "?limit=2&after=" + text(page, "last_id"))).path("data"))
        .hasSize(1);
    assertThat(ok(client.get("/v1/webhook_event_types")).path("data")).hasSize(7);

    String fourth =
        "{'name': 'd', 'url': '%s/4', 'event_types': [%s]}".formatted(receiver.url(), ENDED);
    assertThat(text(error(client.post(ENDPOINTS, fourth), 429), "code"))
        .isEqualTo("insufficient_quota");
    ok(client.delete(path(second)));
    error(client.get(path(second)), 404);
  }

  /** The second of two who edit builds on what the first has left; both are told. */
  @Test
  void editsAtTheSameTimeKeepEachOthers() throws Exception {
    JsonNode endpoint = endpoint(ENDED);
    String id = text(endpoint, "id");
    CompletableFuture<HttpResponse<String>> second =
        transaction.execute(
            status -> {
              sql.sql("update webhook_endpoint set name = 'theirs' where id = ?")
                  .param(id)
                  .update();
              var waiting =
                  CompletableFuture.supplyAsync(
                      () -> post(path(endpoint), "{'status': 'disabled'}"));
              await().until(() -> somebodyWaits());
              return waiting;
            });
    JsonNode changed = ok(second.get());
    assertThat(text(changed, "name")).isEqualTo("theirs");
    assertThat(text(changed, "status")).isEqualTo("disabled");
  }

  private HttpResponse<String> post(String path, String body) {
    try {
      return client.post(path, body);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean somebodyWaits() {
    return sql.sql("select exists (select from pg_stat_activity where wait_event_type = 'Lock')")
        .query(Boolean.class)
        .single();
  }

  @Test
  void whatMakesNoEndpointIsRefused() throws Exception {
    String body = "{'name': '%s', 'url': '%s', 'event_types': [%s]}";
    for (String url :
        List.of("http://10.0.0.1/", "ftp://127.0.0.1/", "https://no-such-host.invalid/")) {
      JsonNode refused = error(client.post(ENDPOINTS, body.formatted("a", url, ENDED)), 400);
      assertThat(text(refused, "param")).isEqualTo("url");
    }
    String own = receiver.url();
    for (String events : List.of("", "'batch.completed'")) {
      JsonNode refused = error(client.post(ENDPOINTS, body.formatted("a", own, events)), 400);
      assertThat(text(refused, "param")).isEqualTo("event_types");
    }
    assertThat(text(error(client.post(ENDPOINTS, body.formatted("a", own, "null")), 400), "param"))
        .isEqualTo("event_types");
    assertThat(text(error(client.post(ENDPOINTS, body.formatted(" ", own, ENDED)), 400), "param"))
        .isEqualTo("name");
    assertThat(text(error(client.post(ENDPOINTS, "{'name': 'a'}"), 400), "param")).isEqualTo("url");
  }
}
