package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.awaitility.Awaitility.await;

import dev.graft.pg.GraftIT;
import dev.graft.platform.RateLimiter.Turn;
import java.net.http.HttpResponse;
import java.time.Duration;
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
import org.springframework.test.context.TestPropertySource;

/** Limits that the time a test takes does not fill up again: a request a minute, or some. */
@GraftIT
@TestPropertySource(
    properties = {
      "graft.tenancy.requests-per-minute-of-key=4",
      "graft.tenancy.requests-per-minute=6"
    })
class RateLimitsIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired RateLimits limits;
  @Autowired JdbcClient sql;
  private String department = "";

  @BeforeEach
  void aDepartment() {
    department = departments.ensure("limited " + UUID.randomUUID());
  }

  @Test
  void aKeyCountsDownAndIsThenToldWhenToComeBack() throws Exception {
    ApiClient client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    for (int remaining = 3; remaining >= 0; remaining--) {
      HttpResponse<String> answer = client.get("/v1/models");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(header(answer, "x-ratelimit-limit-requests")).isEqualTo("4");
      assertThat(header(answer, "x-ratelimit-remaining-requests"))
          .isEqualTo(Integer.toString(remaining));
      assertThat(header(answer, "x-ratelimit-reset-requests")).matches("\\d+m\\d+s|[\\d.]+m?s");
    }
    HttpResponse<String> refused = client.get("/v1/models");
    assertThat(text(error(refused, 429), "code")).isEqualTo("rate_limit_exceeded");
    assertThat(Long.parseLong(header(refused, "retry-after"))).isBetween(1L, 15L);
    assertThat(Long.parseLong(header(refused, "retry-after-ms"))).isBetween(1L, 15_000L);
    assertThat(refused.headers().firstValue("x-should-retry")).isEmpty();
    assertThat(header(refused, "x-ratelimit-remaining-requests")).isEqualTo("0");
  }

  @Test
  void whatAKeyMayNotDoCountsToo() throws Exception {
    ApiClient client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    for (int i = 0; i < 4; i++) error(client.get("/v1/organization/projects"), 403);
    error(client.get("/v1/organization/projects"), 429);
  }

  @Test
  void theKeysOfADepartmentShareItsLimitAndARefusalCostsTheKeyNothing() {
    for (int i = 0; i < 3; i++) {
      assertThat(limits.take("first " + department, department).retryIn()).isZero();
      assertThat(limits.take("second " + department, department).retryIn()).isZero();
    }
    Turn refused = limits.take("third " + department, department);
    assertThat(refused.retryIn()).isPositive().isLessThanOrEqualTo(Duration.ofSeconds(10));
    assertThat(refused.whose()).isEqualTo("project");
    assertThat(refused.limit()).isEqualTo(6);
    assertThat(limits.take("third " + department, null).remaining()).isEqualTo(3);
  }

  @Test
  void anAdministratorCanGiveADepartmentMoreOrLess() {
    sql.sql("update department set requests_per_minute = 1 where id = :id")
        .param("id", department)
        .update();
    assertThat(limits.take("a " + department, department).remaining()).isZero();
    assertThat(limits.take("b " + department, department).retryIn()).isPositive();
  }

  @Test
  void aMinuteLaterTheBucketIsEmptyAgain() {
    String account = "later " + department;
    for (int i = 0; i < 4; i++) limits.take(account, null);
    assertThat(limits.take(account, null).retryIn()).isPositive();
    sql.sql("update rate_bucket set empty_at = empty_at - interval '1 minute' where name = :name")
        .param("name", "key " + account)
        .update();
    Turn passed = await().until(() -> limits.take(account, null), turn -> turn.retryIn().isZero());
    assertThat(passed.remaining()).isEqualTo(3);
  }

  @Test
  void underManyServersAtOnceNoMorePassThanASmallLimit() throws Exception {
    assertThat(passed(8, 4, Duration.ZERO)).isEqualTo(6);
  }

  @Test
  void twoServersKeepToALargeLimitWithinATenth() throws Exception {
    sql.sql("update department set requests_per_minute = 3000 where id = :id")
        .param("id", department)
        .update();
    long begun = System.nanoTime();
    // One server has nothing to do after a few requests, and keeps what it has taken.
    assertThat(passed(2, 10, Duration.ZERO)).isEqualTo(20);
    int all = 20 + passed(2, Integer.MAX_VALUE, Duration.ofSeconds(4));
    double minutes = (System.nanoTime() - begun) / 60e9;
    assertThat(all).isCloseTo((int) (3000 * (1 + minutes)), withinPercentage(10));
  }

  @Test
  void aServerAsksForAHandfulAtATime() {
    sql.sql("update department set requests_per_minute = 3000 where id = :id")
        .param("id", department)
        .update();
    for (int i = 0; i < 300; i++) {
      assertThat(limits.take("key " + i + department, department).retryIn()).isZero();
    }
    int taken =
        sql.sql(
                "select round(extract(epoch from empty_at - graft_now()) * 50)::int from"
                    + " rate_bucket where name = :name")
            .param("name", "department " + department)
            .query(Integer.class)
            .single();
    assertThat(taken).isLessThanOrEqualTo(300 + 30);
  }

  /** How many requests pass of servers that try at once, each so often and so long. */
  private int passed(int servers, int tries, Duration time) throws Exception {
    CyclicBarrier together = new CyclicBarrier(servers);
    List<Future<Integer>> passed = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(servers)) {
      for (int i = 0; i < servers; i++) {
        RateLimits server =
            new RateLimits(sql, new TenancyProperties(null, 2, 2, 6, 100_000, "EUR"));
        passed.add(
            threads.submit(
                () -> {
                  together.await();
                  long end = System.nanoTime() + time.toNanos();
                  int through = 0;
                  for (int n = 0; n < tries && (time.isZero() || System.nanoTime() < end); n++) {
                    if (server.take("k " + department, department).retryIn().isZero()) through++;
                  }
                  return through;
                }));
      }
      int sum = 0;
      for (Future<Integer> each : passed) sum += each.get();
      return sum;
    }
  }

  private static String header(HttpResponse<String> answer, String name) {
    return answer.headers().firstValue(name).orElse("(no " + name + ")");
  }
}
