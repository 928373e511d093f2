package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Quotas, over the API: what is said by an administrator holds for the next submit. */
@GraftIT
class AdmissionIT {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String JOBS = "/v1/fine_tuning/jobs";

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired Claims claims;
  @Autowired LeaseLedger leases;
  @Autowired JdbcClient sql;
  private String department = "";
  private String project = "";
  private String key = "";
  private String admin = "";
  private String file = "";

  @BeforeEach
  void aDepartment() {
    department = departments.ensure("d-" + UUID.randomUUID());
    project = "/v1/organization/projects/" + department;
    key = keys.create(department, Caller.Scope.USER).secret();
    admin = keys.createForAdministrator(ApiKeys.UNNAMED, null).secret();
    TestJobs seed = new TestJobs();
    seed.baseModel(sql);
    file = seed.file(sql, department);
  }

  @Test
  void noMoreJobsWaitThanTheQuotaSays() throws Exception {
    say("{\"max_queued_jobs\": 1}");
    ok(submit(""));
    JsonNode refused = error(submit(""), 429);
    assertThat(refused.get("code").asString()).isEqualTo("insufficient_quota");
    assertThat(refused.get("message").asString())
        .contains("This department has 1 waiting job, and its limit is 1. Cancel one");
    assertThat(quota("queued_jobs").get("used").asInt()).isEqualTo(1);
    assertThat(quota("queued_jobs").get("limit").asInt()).isEqualTo(1);
    say("{\"max_queued_jobs\": null}");
    assertThat(quota("queued_jobs").get("limit").asInt()).isEqualTo(1000);
    ok(submit(""));
  }

  @Test
  void ofManyWhoSubmitAtOnceNoMoreGetInThanTheQuotaSays() throws Exception {
    say("{\"max_queued_jobs\": 3}");
    CyclicBarrier together = new CyclicBarrier(8);
    List<Future<Integer>> answers = new ArrayList<>();
    try (ExecutorService clients = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < 8; i++) {
        answers.add(
            clients.submit(
                () -> {
                  together.await();
                  return submit("").statusCode();
                }));
      }
      List<Integer> statuses = new ArrayList<>();
      for (Future<Integer> answer : answers) statuses.add(answer.get());
      assertThat(statuses).containsOnly(200, 429);
      assertThat(statuses).filteredOn(status -> status == 200).hasSize(3);
    }
  }

  @Test
  void deviceSecondsOfTheMonthEndWithTheMonth() throws Exception {
    ok(submit(""));
    sql.sql("insert into worker (id, name, created_at) values (:id, 'w', graft_now())")
        .param("id", "wkr_" + department)
        .update();
    LeaseKey lease = claimOwn();
    sql.sql("update job_lease set claimed_at = claimed_at - interval '100 s' where job_id = :job")
        .param("job", lease.jobId())
        .update();
    say("{\"max_device_seconds_per_month\": 100}");
    error(submit(""), 429);
    leases.release(lease);
    JsonNode refused = error(submit(""), 429);
    assertThat(refused.get("message").asString()).contains("of its 100 device-seconds");
    assertThat(quota("device_seconds_this_month").get("used").asDouble()).isBetween(100., 130.);
    sql.sql("update department set month = month - interval '1 month' where id = :id")
        .param("id", department)
        .update();
    assertThat(quota("device_seconds_this_month").get("used").asDouble()).isZero();
    ok(submit(""));
  }

  @Test
  void aPriorityAboveTheCeilingIsRefused() throws Exception {
    say("{\"max_priority\": 10}");
    assertThat(error(submit(",\"priority\": 11"), 400).get("param").asString())
        .isEqualTo("priority");
    ok(submit(",\"priority\": 10"));
    ok(submit(""));
  }

  @Test
  void onlyAllowedBaseModelsStartJobs() throws Exception {
    String path = project + "/model_permissions";
    ok(post(admin, path, "{\"mode\": \"allow_list\", \"model_ids\": [\"other\"]}"));
    JsonNode refused = error(submit(""), 403);
    assertThat(refused.get("param").asString()).isEqualTo("model");
    ok(post(admin, path, "{\"mode\": \"deny_list\", \"model_ids\": [\"other\"]}"));
    ok(submit(""));
    ok(post(admin, path, "{\"mode\": \"deny_list\", \"model_ids\": [\"tiny\"]}"));
    assertThat(ok(get(key, path)).get("model_ids").get(0).asString()).isEqualTo("tiny");
    error(submit(""), 403);
    ok(send(admin, "DELETE", path, ""));
    ok(submit(""));
    error(post(admin, path, "{\"mode\": \"some\", \"model_ids\": []}"), 400);
    error(post(admin, path, "{\"mode\": \"deny_list\", \"model_ids\": [null]}"), 400);
    error(post(key, path, "{\"mode\": \"deny_list\", \"model_ids\": []}"), 403);
  }

  @Test
  void storageIsWhatTheAdministratorSays() throws Exception {
    assertThat(quota("stored_bytes").get("used").asInt()).isEqualTo(4);
    say("{\"max_stored_bytes\": 10}");
    String upload =
        "{\"filename\":\"a.jsonl\",\"purpose\":\"fine-tune\",\"bytes\":%d,\"mime_type\":\"x/y\"}";
    JsonNode refused = error(post(key, "/v1/uploads", upload.formatted(7)), 429);
    assertThat(refused.get("message").asString()).contains("4 of the 10 bytes");
    ok(post(key, "/v1/uploads", upload.formatted(6)));
    assertThat(quota("stored_bytes").get("used").asInt()).isEqualTo(10);
  }

  @Test
  void limitsOutOfRangeAndUnknownOnesAreRefused() throws Exception {
    for (String wrong : List.of("max_queued_jobs", "max_priority", "weight")) {
      String body = "{\"" + wrong + "\": -1}";
      assertThat(error(post(admin, project + "/limits", body), 400).get("param").asString())
          .isEqualTo(wrong);
    }
    assertThat(error(post(admin, project + "/limits", "{\"x\": 1}"), 400).get("param").asString())
        .isEqualTo("x");
    String misspelt = "{\"max_runing_jobs\": 1}";
    assertThat(error(post(admin, project + "/limits", misspelt), 400).get("message").asString())
        .isEqualTo("Unknown parameter: 'max_runing_jobs'. Did you mean 'max_running_jobs'?");
    error(post(admin, project + "/limits", "[]"), 400);
    error(post(key, project + "/limits", "{}"), 403);
  }

  @Test
  void theRateLimitIsChangedInOpenAisWords() throws Exception {
    String path = project + "/rate_limits";
    JsonNode only = ok(get(key, path)).get("data").get(0);
    assertThat(only.get("max_requests_per_1_minute").asInt()).isEqualTo(30_000);
    ok(post(admin, path + "/rl-requests", "{\"max_requests_per_1_minute\": 500}"));
    assertThat(ok(get(key, path)).get("data").get(0).get("max_requests_per_1_minute").asInt())
        .isEqualTo(500);
    error(post(admin, path + "/rl-tokens", "{\"max_requests_per_1_minute\": 500}"), 404);
    HttpResponse<String> answer = get(key, "/v1/files");
    assertThat(answer.headers().firstValue("x-ratelimit-limit-requests")).contains("500");
  }

  /** Jobs of other tests may wait as well. */
  private LeaseKey claimOwn() {
    while (true) {
      Lease job = claims.claimNow("wkr_" + department, Device.UNKNOWN, null).orElseThrow();
      if (job.key().jobId().equals(newest())) return job.key();
    }
  }

  private String newest() {
    return sql.sql("select id from job where department_id = :id order by created_at desc limit 1")
        .param("id", department)
        .query(String.class)
        .single();
  }

  private void say(String limits) throws Exception {
    ok(post(admin, project + "/limits", limits));
  }

  private JsonNode quota(String name) throws Exception {
    return ok(get(key, project + "/limits")).get("quotas").get(name);
  }

  private HttpResponse<String> submit(String more) throws Exception {
    return post(key, JOBS, "{\"model\":\"tiny\",\"training_file\":\"" + file + "\"" + more + "}");
  }

  private HttpResponse<String> get(String by, String path) throws Exception {
    return send(by, "GET", path, "");
  }

  private HttpResponse<String> post(String by, String path, String body) throws Exception {
    return send(by, "POST", path, body);
  }

  private HttpResponse<String> send(String by, String method, String path, String body)
      throws Exception {
    return HTTP.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .header("content-type", "application/json")
            .header("authorization", "Bearer " + by)
            .method(method, BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private static JsonNode ok(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(response.body());
  }

  private static JsonNode error(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    return JsonMapper.shared().readTree(response.body()).get("error");
  }
}
