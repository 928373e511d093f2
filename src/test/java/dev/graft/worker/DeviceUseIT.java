package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.jobs.QueueServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Device.DeviceUse;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What workers tell of their devices, as administrators see it. */
@GraftIT
@Import(QueueServer.class)
class DeviceUseIT {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String WORKERS = "/v1/organization/workers";
  private static final Device GPU = Device.named("cuda:0", 9_000_000_000L, "8.6");

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private String admin = "";
  private String name = "";
  private HttpLeaseProtocol protocol; // set before each test

  @BeforeEach
  void aWorkerThatJoined() throws IOException {
    admin = keys.createForAdministrator(ApiKeys.UNNAMED, null).secret();
    name = "node-" + UUID.randomUUID();
    protocol = join(name);
  }

  @Test
  void anIdleDeviceIsToldWhenItAsksForWork() throws Exception {
    assertThat(worker(name).get("devices")).isEmpty();
    claim(null);
    JsonNode device = worker(name).get("devices").get(0);
    assertThat(device.get("use").isNull()).isTrue();
    later();
    claim(new DeviceUse(1_000L, 24_000L, 3.14159));
    JsonNode worker = worker(name);
    assertThat(worker.get("object").asString()).isEqualTo("organization.worker");
    assertThat(worker.get("worker_class").asString()).isEqualTo("default");
    assertThat(worker.get("online").asBoolean()).isTrue();
    assertThat(worker.get("jobs")).isEmpty();
    device = worker.get("devices").get(0);
    assertThat(device.get("name").asString()).isEqualTo("cuda:0");
    assertThat(device.get("kind").asString()).isEqualTo("cuda");
    assertThat(device.get("capability").asString()).isEqualTo("8.6");
    assertThat(device.get("memory_bytes").asLong()).isEqualTo(9_000_000_000L);
    assertThat(device.get("use").get("memory_used_bytes").asLong()).isEqualTo(1_000);
    assertThat(device.get("use").get("memory_total_bytes").asLong()).isEqualTo(24_000);
    assertThat(device.get("use").get("utilization_percent").asDouble()).isEqualTo(3.1);
    assertThat(device.get("use").get("measured_at").asLong()).isPositive();
    later();
    claim(null);
    assertThat(worker(name).get("devices").get(0).get("use").isNull())
        .as("what is no longer known is not shown")
        .isTrue();
  }

  @Test
  void aDeviceThatTrainsIsToldWithEachHeartbeatOfItsLease() throws Exception {
    QueueServer.Submitted job = server.submit("{}", directory);
    LeaseKey key =
        protocol.claim(GPU, Duration.ofSeconds(5), UUID.randomUUID()).orElseThrow().key();
    heartbeat(key, 1, GPU.of(new DeviceUse(7_000L, 24_000L, 97.0)));
    JsonNode worker = worker(name);
    assertThat(worker.get("jobs").get(0).asString()).isEqualTo(job.id());
    assertThat(used(worker)).isEqualTo(7_000);
    heartbeat(key, 2, null);
    assertThat(used(worker(name))).as("nothing new").isEqualTo(7_000);
    heartbeat(key, 3, new Device("cuda:7", null).of(new DeviceUse(1L, 1L, 1.0)));
    assertThat(worker(name).get("devices").size()).as("no device that asked for work").isOne();
    protocol.release(key);
    assertThatExceptionOfType(LeaseLost.class)
        .isThrownBy(() -> heartbeat(key, 4, GPU.of(new DeviceUse(8_000L, 24_000L, 1.0))));
    assertThat(used(worker(name))).as("of a lease that is over").isEqualTo(7_000);
    server.cancel(job);
  }

  @Test
  void pagesGoFromTheNewestOn() throws Exception {
    String newer = "node-" + UUID.randomUUID();
    join(newer);
    List<String> all = names();
    assertThat(all).containsSubsequence(newer, name);
    JsonNode first = get(WORKERS + "?limit=1");
    assertThat(first.get("data").get(0).get("name").asString()).isEqualTo(all.get(0));
    assertThat(first.get("has_more").asBoolean()).isTrue();
    JsonNode second = get(WORKERS + "?limit=1&after=" + first.get("last_id").asString());
    assertThat(second.get("data").get(0).get("name").asString()).isEqualTo(all.get(1));
    assertThat(get(WORKERS + "?after=wkr_unknown").get("data")).isEmpty();
  }

  @Test
  void oneThatIsRevokedOrLongGoneIsNotListed() throws Exception {
    claim(null);
    sql.sql("update worker set created_at = created_at - interval '31 days' where name = :name")
        .param("name", name)
        .update();
    assertThat(names()).contains(name);
    sql.sql("update worker set last_seen_at = last_seen_at - interval '31 days' where name = :name")
        .param("name", name)
        .update();
    assertThat(names()).doesNotContain(name);
    String revoked = "node-" + UUID.randomUUID();
    join(revoked);
    assertThat(names()).contains(revoked);
    sql.sql("update worker set revoked_at = graft_now() where name = :name")
        .param("name", revoked)
        .update();
    assertThat(names()).doesNotContain(revoked);
  }

  private HttpLeaseProtocol join(String worker) throws IOException {
    WorkerProperties settings =
        TestWorker.settings(directory.resolve(worker), url(), server.joinToken());
    return new HttpLeaseProtocol(
        new WorkerHttp(
            URI.create(url()), WorkerCredential.obtain(settings, URI.create(url())), settings),
        Duration.ofSeconds(10));
  }

  private void claim(@Nullable DeviceUse use) {
    protocol
        .claim(GPU.of(use), Duration.ZERO, UUID.randomUUID())
        .ifPresent(other -> protocol.release(other.key()));
  }

  /** What a device tells is written every ten seconds. */
  private void later() {
    sql.sql("update worker_device set asked_at = asked_at - interval '11 s'").update();
  }

  private void heartbeat(LeaseKey key, int number, @Nullable Device device) {
    protocol.renew(key, new LeaseReport(number, null, null, 0, List.of(), List.of(), device));
  }

  private static long used(JsonNode worker) {
    return worker.get("devices").get(0).get("use").get("memory_used_bytes").asLong();
  }

  private List<String> names() throws Exception {
    return get(WORKERS + "?limit=100")
        .get("data")
        .valueStream()
        .map(each -> each.get("name").asString())
        .toList();
  }

  private JsonNode worker(String wanted) throws Exception {
    return get(WORKERS + "?limit=100")
        .get("data")
        .valueStream()
        .filter(each -> each.get("name").asString().equals(wanted))
        .findFirst()
        .orElseThrow();
  }

  private JsonNode get(String path) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url() + path))
            .header("authorization", "Bearer " + admin)
            .build();
    HttpResponse<String> response = HTTP.send(request, BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(response.body());
  }

  private String url() {
    return "http://127.0.0.1:" + port;
  }
}
