package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.Device;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@GraftIT
class FairShareApiIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  @Autowired Claims claims;
  @Autowired WorkerDevices devices;
  private final HttpClient http = HttpClient.newHttpClient();

  private String department() {
    return departments.ensure("d-" + UUID.randomUUID());
  }

  private void submit(String department) {
    new Queue(sql).submit(department, 0);
  }

  /** Other tests of this server leave jobs, which would be claimed before these. */
  @BeforeEach
  void nobodyWaits() {
    JobLedger jobs = new Queue(sql).ledger;
    sql.sql("select department_id, id from job where state = 'queued'")
        .query((row, number) -> Map.entry(row.getString(1), row.getString(2)))
        .list()
        .forEach(job -> jobs.cancel(job.getKey(), job.getValue(), null, null));
  }

  @Test
  void theReasonFollowsTheQueue() throws Exception {
    String busy = department();
    String other = department();
    assertThat(reason(busy)).isEqualTo("No job is waiting.");
    for (int i = 0; i < 4; i++) submit(busy);
    assertThat(reason(busy)).startsWith("This department is next");
    String worker = new Queue(sql).worker();
    claims.claimNow(worker, Device.UNKNOWN, null).orElseThrow();
    submit(other);
    JsonNode one = get(busy, busy);
    assertThat(one.get("reason").asString())
        .startsWith("1 other department used less for its weight");
    assertThat(one.get("running_device_seconds").asDouble()).isEqualTo(60);
    assertThat(one.get("share").asDouble()).isEqualTo(60);
    claims.claimNow(worker, Device.UNKNOWN, null).orElseThrow();
    claims.claimNow(worker, Device.UNKNOWN, null).orElseThrow();
    assertThat(reason(busy)).startsWith("2 of 2 jobs are running");
  }

  @Test
  void whatNoWorkerThatIsThereCanHoldSaysSoInNumbers() throws Exception {
    Queue queue = new Queue(sql);
    String department = department();
    queue.submit(department, 0, new JobNeeds.JobMemory(Long.MAX_VALUE / 2, 0));
    sql.sql("delete from worker_device").update();
    devices.asks(queue.worker(), new Device("cpu", 8_000_000_000L));
    assertThat(reason(department))
        .startsWith("The first waiting job needs 4611686018.4 GB of memory; the largest")
        .contains("gradient_checkpointing");
    queue.submit(department, 0, new JobNeeds.JobMemory(1, 0));
    assertThat(reason(department)).doesNotContain("needs");
    queue
        .jobs
        .unfinished(department)
        .forEach(job -> queue.ledger.cancel(department, job, null, null));
  }

  @Test
  void anotherDepartmentsShareDoesNotExist() throws Exception {
    assertThat(send(department(), department()).statusCode()).isEqualTo(404);
  }

  private String reason(String department) throws Exception {
    return get(department, department).get("reason").asString();
  }

  private JsonNode get(String caller, String department) throws Exception {
    HttpResponse<String> answer = send(caller, department);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(answer.body());
  }

  private HttpResponse<String> send(String caller, String department)
      throws IOException, InterruptedException {
    String path = "/v1/organization/projects/" + department + "/fair_share";
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .header("authorization", "Bearer " + keys.create(caller, Caller.Scope.USER).secret())
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
