package dev.graft.jobs;

import static dev.graft.tenancy.ApiClient.ok;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.EndedJobs.JobHistory;
import dev.graft.pg.GraftIT;
import dev.graft.pg.MovableClock;
import dev.graft.tenancy.AgedThings;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.Retention;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;

/** Events of jobs that ended long ago lie elsewhere, and are answered as before. */
@GraftIT
@Import(AgedThings.class)
@TestPropertySource(
    properties = {"graft.retention.sweep-after=1d", "graft.retention.logs-days=20000"})
class JobHistoryIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired Retention retention;
  @Autowired JobHistory history;
  @Autowired AgedThings aged;
  @Autowired MovableClock clock;
  @Autowired JdbcClient sql;
  private String department;
  private ApiClient client;
  private ApiClient administrator;

  @BeforeEach
  void aDepartment() {
    ApiClient anyone = new ApiClient(port, "");
    department = departments.ensure("support " + UUID.randomUUID());
    client = anyone.as(keys.create(department, Caller.Scope.USER).secret());
    administrator = anyone.as(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
  }

  private long rows(String table, String job) {
    return sql.sql("select count(*) from " + table + " where job_id = ?")
        .param(job)
        .query(Long.class)
        .single();
  }

  /** One more event, so that there is an order. */
  private String endedJob(int days) throws Exception {
    String job = aged.ended(department, null, days).jobId();
    sql.sql(
            """
            insert into job_event (job_id, number, created_at, level, type, message, data)
            values (?, 2, now(), 'info', 'metrics', 'Step 1/1', '{"step": 1, "train_loss": 0.5}')
            """)
        .param(job)
        .update();
    return job;
  }

  private JsonNode events(String job, String page) throws Exception {
    return ok(client.get("/v1/fine_tuning/jobs/" + job + "/events" + page)).path("data");
  }

  @Test
  void jobsThatEndedLongAgoAreAnsweredAsBefore() throws Exception {
    String old = endedJob(31);
    String recent = endedJob(29);
    JsonNode before = events(old, "");
    assertThat(before.findValuesAsString("message")).containsExactly("Step 1/1", "Created");
    JsonNode job = ok(client.get("/v1/fine_tuning/jobs/" + old));
    assertThat(history.moveEvents()).isPositive();
    assertThat(List.of(rows("job_event", old), rows("job_event_history", old)))
        .containsExactly(0L, 2L);
    assertThat(List.of(rows("job_event", recent), rows("job_event_history", recent)))
        .containsExactly(2L, 0L);
    assertThat(events(old, "")).isEqualTo(before);
    String newest = before.get(0).path("id").asString();
    assertThat(events(old, "?limit=1&after=" + newest).findValuesAsString("message"))
        .containsExactly("Created");
    assertThat(ok(client.get("/v1/fine_tuning/jobs/" + old))).isEqualTo(job);
    assertThat(ok(client.get("/v1/fine_tuning/jobs")).path("data").findValuesAsString("id"))
        .contains(old, recent);
    assertThat(history.moveEvents()).isZero();
  }

  @Test
  void retentionOfLogsTakesThemFromTheHistoryToo() throws Exception {
    String old = endedJob(100);
    history.moveEvents();
    ok(
        administrator.post(
            "/v1/organization/projects/" + department + "/retention", "{'logs_days': 60}"));
    retention.sweep();
    clock.move(Duration.ofDays(8));
    retention.sweep();
    assertThat(rows("job_event_history", old)).isZero();
    assertThat(events(old, "")).isEmpty();
  }
}
