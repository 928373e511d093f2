package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Use and its price, from leases of known lengths. */
@GraftIT
class UsageIT {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String PRICES = "/v1/organization/device_prices";
  private static final Instant FIRST = Instant.parse("2026-03-01T00:00:00Z");

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private String admin = "";
  private String workerClass = "";
  private String support = "";
  private String sales = "";
  private int number;

  @BeforeEach
  void twoDepartmentsAndAClass() {
    admin = keys.createForAdministrator(ApiKeys.UNNAMED, null).secret();
    workerClass = "gpu-" + UUID.randomUUID();
    support = departments.ensure("support " + UUID.randomUUID());
    sales = departments.ensure("sales " + UUID.randomUUID());
    sql.sql("insert into worker (id, name, class, created_at) values (:id, :id, :id, graft_now())")
        .param("id", workerClass)
        .update();
  }

  @Test
  void useIsToldByDayDepartmentAccountAndJob() throws Exception {
    String first = job(support, "svc_a", 1000);
    lease(first, "2026-03-01T10:00:00Z", 60, "lost");
    lease(first, "2026-03-01T23:59:00Z", 120, "completed");
    lease(job(support, "svc_b", 500), "2026-03-02T08:00:00Z", 30, "completed");
    lease(job(sales, "svc_c", 7), "2026-03-02T09:00:00Z", 10, "failed");
    JsonNode days = days("&group_by%5B%5D=project_id");
    assertThat(days.size()).isEqualTo(3);
    JsonNode second = days.get(1);
    assertThat(second.get("start_time").asLong()).isEqualTo(FIRST.getEpochSecond() + 86_400);
    assertThat(result(days.get(0), "project_id", support).get("device_seconds").asDouble())
        .isEqualTo(60, within(1e-6));
    JsonNode supports = result(second, "project_id", support);
    // A lease counts on the day it ends.
    assertThat(supports.get("device_seconds").asDouble()).isEqualTo(150, within(1e-6));
    assertThat(supports.get("trained_tokens").asLong()).isEqualTo(1500);
    assertThat(supports.get("num_jobs").asLong()).isEqualTo(2);
    assertThat(supports.get("job_id").isNull()).isTrue();
    assertThat(result(second, "project_id", sales).get("trained_tokens").asLong()).isZero();
    assertThat(days.get(2).get("results").size()).isZero();
    JsonNode byAccount = days("&group_by%5B%5D=user_id&project_ids%5B%5D=" + support).get(1);
    assertThat(byAccount.get("results").size()).isEqualTo(2);
    assertThat(result(byAccount, "user_id", "svc_b").get("device_seconds").asDouble())
        .isEqualTo(30, within(1e-6));
    JsonNode byJob = days("&group_by%5B%5D=job_id&project_ids%5B%5D=" + support).get(1);
    assertThat(result(byJob, "job_id", first).get("device_seconds").asDouble())
        .isEqualTo(120, within(1e-6));
  }

  @Test
  void aLeaseCostsWhatAClassCostWhenItBegan() throws Exception {
    price("0.5", "2026-03-01T00:00:00Z");
    price("0.000000001", "2026-03-01T12:00:00Z");
    lease(job(support, "a", 0), "2026-03-01T11:59:00Z", 100, "completed");
    lease(job(support, "a", 0), "2026-03-01T13:00:00Z", 100_000, "lost");
    JsonNode day = days("&project_ids%5B%5D=" + support).get(0);
    JsonNode amount = day.get("results").get(0).get("amount");
    assertThat(amount.get("value").decimalValue()).isEqualByComparingTo("50.000000");
    JsonNode next = days("&project_ids%5B%5D=" + support).get(1);
    assertThat(next.get("results").get(0).get("amount").get("value").decimalValue())
        .isEqualByComparingTo("0.0001");
    assertThat(amount.get("currency").asString()).isEqualTo("EUR");
  }

  @Test
  void thePriceIsSetByAdministratorsAndKeepsItsHistory() throws Exception {
    String body = "{\"worker_class\": \"%s\", \"price_per_second\": %s}";
    ok(post(admin, PRICES, body.formatted(workerClass, "0.25")));
    JsonNode prices = ok(post(admin, PRICES, body.formatted(workerClass, "0.3"))).get("data");
    assertThat(
            prices
                .valueStream()
                .filter(price -> price.get("worker_class").asString().equals(workerClass))
                .map(price -> price.get("price_per_second").decimalValue().doubleValue()))
        .containsExactly(0.3, 0.25);
    for (String wrong : List.of("-1", "0.0000000001", "1e7", "null")) {
      assertThat(post(admin, PRICES, body.formatted(workerClass, wrong)).statusCode())
          .isEqualTo(400);
    }
    String key = keys.create(support, Caller.Scope.USER).secret();
    assertThat(post(key, PRICES, body.formatted(workerClass, "0")).statusCode()).isEqualTo(403);
  }

  @Test
  void aDepartmentSeesItsOwnUseAlsoAsCsvAndLiveLeasesCountToday() throws Exception {
    String key = keys.create(support, Caller.Scope.USER).secret();
    String job = job(support, "svc_a", 5);
    lease(job, "2026-03-01T10:00:00Z", 1.5, "completed");
    lease(job(sales, "svc_c", 7), "2026-03-01T09:00:00Z", 10, "failed");
    String path = "/v1/organization/projects/" + support + "/usage/fine_tuning";
    String csv =
        get(key, path + asked("&group_by%5B%5D=job_id&group_by%5B%5D=project_id&format=csv"))
            .body();
    assertThat(csv.lines().skip(1))
        .containsExactly("2026-03-01," + support + ",," + job + ",,1,1.5,5,0.000000,EUR");
    assertThat(get(key, "/v1/organization/usage/fine_tuning?start_time=0").statusCode())
        .isEqualTo(403);
    String foreign = "/v1/organization/projects/" + sales + "/usage/fine_tuning";
    assertThat(get(key, foreign + "?start_time=0").statusCode()).isEqualTo(404);
    live(job(support, "svc_a", 0), 50);
    long today = sql.sql("select extract(epoch from graft_now())").query(Long.class).single();
    JsonNode now = ok(get(key, path + "?start_time=" + (today - 100))).get("data");
    assertThat(now.get(now.size() - 1).get("results").get(0).get("device_seconds").asDouble())
        .isBetween(50., 90.);
  }

  @Test
  void pagesFollowEachOther() throws Exception {
    JsonNode page = ok(get(admin, "/v1/organization/usage/fine_tuning" + asked("&limit=2")));
    assertThat(page.get("data").size()).isEqualTo(2);
    assertThat(page.get("has_more").asBoolean()).isTrue();
    String next = "&limit=2&page=" + page.get("next_page").asString();
    JsonNode last = ok(get(admin, "/v1/organization/usage/fine_tuning" + asked(next)));
    assertThat(last.get("data").size()).isEqualTo(1);
    assertThat(last.get("next_page").isNull()).isTrue();
    for (String wrong :
        List.of(
            "?limit=1",
            "?start_time=x",
            "?start_time=x&page=0",
            "?page=0",
            asked("&bucket_width=1m"),
            asked("&group_by[]=x"))) {
      String encoded = wrong.replace("[]", "%5B%5D");
      assertThat(get(admin, "/v1/organization/usage/fine_tuning" + encoded).statusCode())
          .isEqualTo(400);
    }
  }

  private JsonNode days(String more) throws Exception {
    return ok(get(admin, "/v1/organization/usage/fine_tuning" + asked(more))).get("data");
  }

  /** Three days. */
  private static String asked(String more) {
    long start = FIRST.getEpochSecond();
    return "?start_time=" + (start + 3600) + "&end_time=" + (start + 2 * 86_400 + 5) + more;
  }

  private static JsonNode result(JsonNode bucket, String field, String value) {
    return bucket
        .get("results")
        .valueStream()
        .filter(each -> each.get(field).asString().equals(value))
        .findFirst()
        .orElseThrow();
  }

  /** A job that nobody claims: its leases are written by hand. */
  private String job(String department, String account, long tokens) {
    String id = "ftjob-" + UUID.randomUUID();
    sql.sql(
            """
            with j as (insert into job (id, department_id, created_at, state, base_model, base_manifest,
                                        training_file, training_digest, seed, method, hyperparameters,
                                        adapter, available_at, submitted_by)
                       values (:id, :department, graft_now(), 'queued', 'tiny', 'm', 'f', 'd', 1, :method::jsonb,
                               :hyperparameters::jsonb, '{}', graft_now() + interval '1 day', :account)
                       returning id)
            insert into job_progress (job_id, trained_tokens) select id, :tokens from j
            """)
        .param("id", id)
        .param("department", department)
        .param("method", QueueServer.METHOD)
        .param("hyperparameters", QueueServer.HYPERPARAMETERS)
        .param("account", account)
        .param("tokens", tokens)
        .update();
    return id;
  }

  private void lease(String job, String begin, double seconds, String outcome) {
    sql.sql(
            """
            insert into job_lease (job_id, epoch, token, worker_id, claimed_at, expires_at, ended_at, outcome)
            select :job, :epoch, gen_random_uuid(), :worker, b, b, b + :seconds * interval '1 second', :outcome
              from (select :begin::timestamptz as b) t
            """)
        .param("job", job)
        .param("epoch", ++number)
        .param("worker", workerClass)
        .param("begin", begin)
        .param("seconds", seconds)
        .param("outcome", outcome)
        .update();
  }

  private void live(String job, int seconds) {
    sql.sql(
            """
            insert into job_lease (job_id, epoch, token, worker_id, claimed_at, expires_at)
            values (:job, 1, gen_random_uuid(), :worker, graft_now() - :seconds * interval '1 second',
                    graft_now() + interval '1 hour')
            """)
        .param("job", job)
        .param("worker", workerClass)
        .param("seconds", seconds)
        .update();
  }

  private void price(String price, String from) {
    sql.sql("insert into device_price values (:class, :from::timestamptz, :price::numeric)")
        .param("class", workerClass)
        .param("from", from)
        .param("price", price)
        .update();
  }

  private HttpResponse<String> get(String by, String path) throws Exception {
    return HTTP.send(to(by, path).build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String by, String path, String body) throws Exception {
    return HTTP.send(
        to(by, path)
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private HttpRequest.Builder to(String by, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .header("authorization", "Bearer " + by);
  }

  private static JsonNode ok(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(response.body());
  }
}
