package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.pg.GraftIT;
import dev.graft.pg.MovableClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;

/** What goes when, and what does not; sweeps are the tests' own. */
@GraftIT
@Import(AgedThings.class)
@TestPropertySource(
    properties = {"graft.retention.sweep-after=1d", "graft.retention.logs-days=20000"})
class RetentionIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired Retention retention;
  @Autowired AgedThings aged;
  @Autowired MovableClock clock;
  @Autowired JdbcClient sql;
  @Autowired TransactionTemplate transaction;
  private String department;
  private String project;
  private ApiClient client;
  private ApiClient administrator;

  @BeforeEach
  void aDepartment() {
    ApiClient anyone = new ApiClient(port, "");
    department = departments.ensure("support " + UUID.randomUUID());
    project = "/v1/organization/projects/" + department;
    client = anyone.as(keys.create(department, Caller.Scope.USER).secret());
    administrator = anyone.as(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
  }

  private JsonNode say(String policy) throws Exception {
    return ok(administrator.post(project + "/retention", policy));
  }

  private List<String> told() throws Exception {
    return ok(client.get(project + "/retention/notices"))
        .path("data")
        .findValuesAsString("resource_id");
  }

  private long audited(String type) throws Exception {
    String entries =
        "/v1/organization/audit_logs?limit=100&project_ids%%5B%%5D=%s&event_types%%5B%%5D=%s";
    return ok(administrator.get(entries.formatted(department, type))).path("data").size();
  }

  private void daysLater(int days) {
    clock.move(Duration.ofDays(days).plusSeconds(1));
    retention.sweep();
  }

  @Test
  void administratorsSayAPolicyAndTheDepartmentReadsIt() throws Exception {
    JsonNode unsaid = ok(client.get(project + "/retention"));
    assertThat(unsaid.at("/settings/logs_days").isNull()).isTrue();
    assertThat(unsaid.at("/in_force/logs_days").asInt()).isEqualTo(20_000);
    assertThat(unsaid.at("/in_force/datasets_days").isNull()).isTrue();
    assertThat(unsaid.at("/in_force/notice_days").asInt()).isEqualTo(7);
    say("{'datasets_days': 30, 'notice_days': 3}");
    say("{'logs_days': 90}");
    JsonNode said = ok(client.get(project + "/retention"));
    assertThat(said.at("/settings/datasets_days").asInt()).isEqualTo(30);
    assertThat(said.at("/in_force/logs_days").asInt()).isEqualTo(90);
    assertThat(said.at("/in_force/notice_days").asInt()).isEqualTo(3);
    assertThat(say("{'logs_days': null}").at("/in_force/logs_days").asInt()).isEqualTo(20_000);
    assertThat(audited("project.retention.updated")).isEqualTo(3);

    error(client.post(project + "/retention", "{'datasets_days': 1}"), 403);
    for (String wrong :
        List.of(
            "datasets_days",
            "checkpoints_days",
            "adapters_days",
            "logs_days",
            "evaluations_days")) {
      JsonNode refused =
          error(administrator.post(project + "/retention", "{'" + wrong + "': 0}"), 400);
      assertThat(text(refused, "param")).isEqualTo(wrong);
    }
    error(administrator.post(project + "/retention", "{'notice_days': 366}"), 400);
    error(administrator.post(project + "/retention", "{'years': 1}"), 400);
    error(administrator.post(project + "/retention", "[]"), 400);
  }

  @Test
  void aNewPolicyRemovesNothingBeforeItsNoticeHasStood() throws Exception {
    String file = aged.file(department, "fine-tune", 100);
    String result = aged.file(department, "fine-tune-results", 100);
    say("{'datasets_days': 30}");
    retention.sweep();
    retention.sweep();
    long in = clock.instant().plus(Duration.ofDays(7)).getEpochSecond();
    JsonNode notice = ok(client.get(project + "/retention/notices")).at("/data/0");
    assertThat(text(notice, "kind")).isEqualTo("datasets");
    assertThat(text(notice, "name")).isEqualTo("train.jsonl");
    assertThat(notice.path("delete_at").asLong()).isBetween(in - 60, in);
    assertThat(ok(client.get("/v1/files/" + file)).path("expires_at"))
        .isEqualTo(notice.path("delete_at"));
    assertThat(audited("project.retention.noticed")).isEqualTo(1);
    daysLater(6);
    ok(client.get("/v1/files/" + file));
    daysLater(1);
    error(client.get("/v1/files/" + file), 404);
    ok(client.get("/v1/files/" + result));
    assertThat(told()).isEmpty();
    assertThat(audited("file.deleted")).isEqualTo(1);
  }

  @Test
  void aThingIsToldAheadAndGoesOnItsDay() throws Exception {
    String file = aged.file(department, "fine-tune", 0);
    long end = clock.instant().plus(Duration.ofDays(30)).getEpochSecond();
    say("{'datasets_days': 30}");
    daysLater(22);
    assertThat(told()).isEmpty();
    assertThat(ok(client.get("/v1/files/" + file)).has("expires_at")).isFalse();
    daysLater(1);
    assertThat(told()).containsExactly(file);
    assertThat(ok(client.get("/v1/files/" + file)).path("expires_at").asLong())
        .isBetween(end - 60, end + 60);
    daysLater(7);
    error(client.get("/v1/files/" + file), 404);
  }

  @Test
  void aLongerPolicyWithdrawsNoticesAndNoneBringsThemCloser() throws Exception {
    String file = aged.file(department, "fine-tune", 25);
    say("{'datasets_days': 30}");
    retention.sweep();
    JsonNode promised = ok(client.get("/v1/files/" + file)).path("expires_at");
    say("{'datasets_days': 1, 'notice_days': 1}");
    daysLater(2);
    assertThat(ok(client.get("/v1/files/" + file)).path("expires_at")).isEqualTo(promised);
    say("{'datasets_days': 31, 'notice_days': 30}");
    long later = ok(client.get("/v1/files/" + file)).path("expires_at").asLong();
    assertThat(later - promised.asLong()).isBetween(22 * 86_400L, 24 * 86_400L);
    say("{'datasets_days': 100, 'notice_days': 7}");
    assertThat(told()).isEmpty();
    assertThat(ok(client.get("/v1/files/" + file)).has("expires_at")).isFalse();
    daysLater(40);
    say("{'datasets_days': 30}");
    retention.sweep();
    assertThat(told()).containsExactly(file);
    say("{'datasets_days': null}");
    assertThat(told()).isEmpty();
    daysLater(400);
    ok(client.get("/v1/files/" + file));
  }

  @ParameterizedTest
  @ValueSource(strings = {"queued", "running", "paused"})
  void whatAnUnfinishedJobNeedsIsToldAgain(String state) throws Exception {
    String file = aged.file(department, "fine-tune", 100);
    Published parent = aged.ended(department, null, 100);
    String job = aged.ended(department, null, 100).jobId();
    aged.trainsOn(job, file);
    aged.reopen(job, state, parent.model());
    say("{'datasets_days': 30, 'adapters_days': 30, 'checkpoints_days': 30}");
    retention.sweep();
    assertThat(told()).contains(file, parent.id(), parent.jobId()).doesNotContain(job);
    daysLater(7);
    assertThat(told()).contains(file, parent.id(), parent.jobId());
    long now = clock.instant().getEpochSecond();
    assertThat(ok(client.get("/v1/files/" + file)).path("expires_at").asLong()).isGreaterThan(now);
    ok(client.get("/v1/adapters/" + parent.id()));
    assertThat(checkpoints(parent.jobId())).isEqualTo(1);
    assertThat(checkpoints(job)).isEqualTo(1);
    aged.end(job);
    daysLater(7);
    error(client.get("/v1/files/" + file), 404);
    error(client.get("/v1/adapters/" + parent.id()), 410);
    assertThat(checkpoints(parent.jobId())).isZero();
  }

  private int checkpoints(String job) throws Exception {
    return ok(client.get("/v1/fine_tuning/jobs/" + job + "/checkpoints")).path("data").size();
  }

  @Test
  void adaptersGoByTheirClockAndSayWhy() throws Exception {
    Published old = aged.ended(department, null, 100);
    say("{'adapters_days': 30}");
    retention.sweep();
    JsonNode card = ok(client.get("/v1/adapters/" + old.id()));
    assertThat(card.path("delete_at").asLong()).isGreaterThan(clock.instant().getEpochSecond());
    daysLater(7);
    JsonNode gone = error(client.get("/v1/adapters/" + old.id() + "/content"), 410);
    assertThat(text(gone, "message")).contains("was deleted at", "retention");
    error(client.get("/v1/models/" + old.model()), 404);
    assertThat(checkpoints(old.jobId())).isEqualTo(1);
    assertThat(ok(client.get("/v1/adapters/" + old.id() + "/lineage")).path("deleted_at").isNull())
        .isFalse();
    assertThat(audited("model.deleted")).isEqualTo(1);
  }

  @Test
  void anOwnerKeepsAnAdapterForGood() throws Exception {
    String adapter = aged.ended(department, null, 100).id();
    String path = "/v1/adapters/" + adapter;
    say("{'adapters_days': 30}");
    retention.sweep();
    String accounts = project + "/service_accounts";
    JsonNode account = ok(administrator.post(accounts, "{'name': 'portal'}"));
    String more = accounts + "/" + text(account, "id") + "/api_keys";
    String scopes = "{'name': 'no owner', 'scopes': ['api.models.read', 'api.models.write']}";
    ApiClient other = client.as(text(ok(administrator.post(more, scopes)), "value"));
    assertThat(text(error(other.post(path, "{'keep': true}"), 403), "message"))
        .contains("api.project.write");
    ok(administrator.post(accounts + "/" + text(account, "id"), "{'role': 'owner'}"));
    ApiClient owner = client.as(text(account.get("api_key"), "value"));
    JsonNode kept = ok(owner.post(path, "{'keep': true}"));
    assertThat(kept.path("keep").asBoolean()).isTrue();
    assertThat(kept.path("delete_at").isNull()).isTrue();
    assertThat(told()).isEmpty();
    daysLater(40);
    assertThat(ok(owner.post(path, "{'keep': false}")).path("keep").asBoolean()).isFalse();
    retention.sweep();
    assertThat(told()).containsExactly(adapter);
    error(owner.post(path, "{'keep': 1}"), 400);
    error(owner.post(path, "{'keep': true, 'deprecation': null}"), 400);
  }

  @Test
  void checkpointsGoByTheirClockAndTheResultStays() throws Exception {
    Published made = aged.ended(department, null, 100);
    String job = "/v1/fine_tuning/jobs/" + made.jobId();
    String checkpoint = made.model() + ":ckpt-step-10";
    say("{'checkpoints_days': 30}");
    retention.sweep();
    ok(client.get("/v1/models/" + checkpoint));
    daysLater(7);
    assertThat(checkpoints(made.jobId())).isZero();
    assertThat(ok(client.get(job)).path("checkpoints_deleted_at").isNumber()).isTrue();
    assertThat(ok(client.get(job)).path("logs_deleted_at").isNull()).isTrue();
    ok(client.get("/v1/models/" + made.model()));
    String chat =
        "{'model': '" + checkpoint + "', 'messages': [{'role': 'user', 'content': 'Hi'}]}";
    for (JsonNode gone :
        List.of(
            error(client.get("/v1/models/" + checkpoint), 404),
            error(client.post("/v1/chat/completions", chat), 404))) {
      assertThat(text(gone, "message")).contains(made.jobId(), "were deleted at");
    }
    assertThat(audited("fine_tuning.job.checkpoints.deleted")).isEqualTo(1);
  }

  @Test
  void logsGoByTheirClockWithTheStepMetrics() throws Exception {
    String id = aged.ended(department, null, 100).jobId();
    String job = "/v1/fine_tuning/jobs/" + id;
    String result = ok(client.get(job)).at("/result_files/0").asString();
    say("{'logs_days': 30}");
    retention.sweep();
    assertThat(ok(client.get(job + "/events")).path("data").size()).isEqualTo(1);
    daysLater(7);
    assertThat(ok(client.get(job + "/events")).path("data").isEmpty()).isTrue();
    error(client.get("/v1/files/" + result), 404);
    JsonNode after = ok(client.get(job));
    assertThat(after.path("result_files").isEmpty()).isTrue();
    assertThat(after.path("logs_deleted_at").isNumber()).isTrue();
    assertThat(checkpoints(id)).isEqualTo(1);
    assertThat(audited("fine_tuning.job.logs.deleted")).isEqualTo(1);
    daysLater(400);
    assertThat(audited("fine_tuning.job.logs.deleted")).isEqualTo(1);
  }

  @Test
  void evaluationsGoByTheirClockFromTheirEnd() throws Exception {
    String ended = "/v1/evaluations/" + aged.evaluation(department, 100);
    String other = "/v1/evaluations/" + aged.evaluation(department, 10);
    say("{'evaluations_days': 30}");
    retention.sweep();
    assertThat(text(ok(client.get(project + "/retention/notices")).at("/data/0"), "kind"))
        .isEqualTo("evaluations");
    ok(client.get(ended));
    daysLater(7);
    error(client.get(ended), 404);
    ok(client.get(other));
    assertThat(audited("evaluation.deleted")).isEqualTo(1);
  }

  @Test
  void whatSomebodyDeletesHasNoNoticeAnyMore() throws Exception {
    String file = aged.file(department, "fine-tune", 100);
    Published adapter = aged.ended(department, null, 100);
    say("{'datasets_days': 30, 'adapters_days': 30}");
    retention.sweep();
    assertThat(told()).containsExactlyInAnyOrder(file, adapter.id());
    ok(client.delete("/v1/files/" + file));
    ok(client.delete("/v1/adapters/" + adapter.id()));
    assertThat(told()).isEmpty();
  }

  @Test
  void twoSweepsAtOnceTellAndRemoveEachThingOnce() throws Exception {
    List<String> files = new ArrayList<>();
    for (int n = 0; n < 60; n++) files.add(aged.file(department, "fine-tune", 100 + n));
    say("{'datasets_days': 30}");
    sweepTwice();
    JsonNode page = ok(client.get(project + "/retention/notices?limit=40"));
    assertThat(page.path("has_more").asBoolean()).isTrue();
    List<String> told = new ArrayList<>(page.path("data").findValuesAsString("resource_id"));
    String rest = project + "/retention/notices?after=" + text(page, "last_id");
    told.addAll(ok(client.get(rest)).path("data").findValuesAsString("resource_id"));
    assertThat(told).containsExactlyInAnyOrderElementsOf(files);
    assertThat(audited("project.retention.noticed")).isEqualTo(1);
    clock.move(Duration.ofDays(8));
    assertThat(sweepTwice()).isGreaterThanOrEqualTo(60);
    assertThat(audited("file.deleted")).isEqualTo(60);
    assertThat(ok(client.get("/v1/files")).path("data").isEmpty()).isTrue();
  }

  private int sweepTwice() throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    int removed = 0;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> both = new ArrayList<>();
      for (int n = 0; n < 2; n++) {
        both.add(
            threads.submit(
                () -> {
                  start.await();
                  return retention.sweep();
                }));
      }
      for (Future<Integer> each : both) removed += each.get();
    }
    return removed;
  }

  @Test
  void aRemovalThatMeetsAWithdrawalIsUndone() throws Exception {
    String file = aged.file(department, "fine-tune", 100);
    say("{'datasets_days': 30}");
    retention.sweep();
    clock.move(Duration.ofDays(8));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> sweep =
          transaction.execute(
              status -> {
                sql.sql("delete from retention_notice where resource_id = ?").param(file).update();
                Future<Integer> meanwhile = threads.submit(retention::sweep);
                await().until(this::somebodyWaitsForARow);
                return meanwhile;
              });
      sweep.get();
    }
    ok(client.get("/v1/files/" + file));
    assertThat(audited("file.deleted")).isZero();
  }

  private boolean somebodyWaitsForARow() {
    return sql.sql(
            "select exists (select from pg_locks where not granted and locktype = 'transactionid')")
        .query(Boolean.class)
        .single();
  }
}
