package dev.graft.jobs;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.catalog.BaseModels;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.pg.GraftIT;
import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyLlama;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** What a job asks of a worker, from the request to the lease. */
@GraftIT
class JobResourcesIT {
  private static final Device CPU = Device.named("cpu", 900_000_000_000L, null);
  private static final String ROW =
      """
      {"messages":[{"role":"user","content":"2"},{"role":"assistant","content":"4"}]}
      """;
  private static final Device GPU =
      new Device("cuda:0", 24_000_000_000L, "cuda", "8.6", null, null, null, null);

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired BaseModels baseModels;
  @Autowired Claims claims;
  @Autowired ArtifactStore store;
  @Autowired LeaseLedger leases;
  @Autowired JdbcClient sql;
  @TempDir Path directory;
  private ApiClient client;
  private Queue queue;
  private final List<LeaseKey> held = new ArrayList<>();
  private String department = "";
  private String file = "";

  @BeforeEach
  void aDepartmentAndABase() throws Exception {
    queue = new Queue(sql);
    department = departments.ensure("d-" + UUID.randomUUID());
    client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    file = new TestJobs().file(sql, department);
    baseModels.register("eight", TinyLlama.write(directory.resolve("base"), 1));
    sql.sql("update base_model set parameters = 8000000000 where name = 'eight'").update();
    sql.sql("delete from worker_device").update();
    sql.sql("select department_id, id from job where state = 'queued'")
        .query((row, number) -> Map.entry(row.getString(1), row.getString(2)))
        .list()
        .forEach(job -> queue.ledger.cancel(job.getKey(), job.getValue(), null, null));
  }

  private String body(String resources) {
    return "{'model': 'eight', 'training_file': '%s'%s}"
        .formatted(file, resources.isEmpty() ? "" : ", 'resources': " + resources);
  }

  private JsonNode submit(String resources) throws Exception {
    return ok(client.post("/v1/fine_tuning/jobs", body(resources)));
  }

  private Optional<Lease> claim(String worker, Device device) throws Exception {
    Optional<Lease> lease = claims.claim(worker, device, Duration.ZERO, null);
    lease.map(Lease::key).ifPresent(held::add);
    return lease;
  }

  /** Leases of workers that are not there would be found by others. */
  @AfterEach
  void giveBack() {
    for (String job : queue.jobs.unfinished(department)) {
      queue.ledger.cancel(department, job, null, null);
    }
    for (LeaseKey key : held) {
      if (!leases.completed(key, Queue.SOME)) leases.release(key);
    }
  }

  @Test
  void aLargeBaseIsNotForACpuHoweverMuchMemoryItHas() throws Exception {
    JsonNode job = submit("");
    assertThat(job.at("/resources/device").asString()).isEqualTo("cuda");
    assertThat(claim(queue.worker(), CPU)).isEmpty();
    sql.sql("update worker set last_seen_at = graft_now()").update();
    JsonNode waits = ok(client.get("/v1/fine_tuning/jobs/" + job.get("id").asString()));
    assertThat(waits.get("reason").asString())
        .startsWith("It asks for a cuda device")
        .contains("the available workers have cpu with 900.0 GB");
    assertThat(waits.get("next_step").asString()).contains("\"resources\": {\"device\": \"cpu\"}");
    Lease lease = claim(queue.worker(), GPU).orElseThrow();
    assertThat(lease.key().jobId()).isEqualTo(job.get("id").asString());
    assertThat(lease.resources()).isEqualTo(Resources.ANY.on(DeviceKind.CUDA));
  }

  @Test
  void whoeverAsksForACpuGetsOneAndOthersPassItBy() throws Exception {
    String job = submit("{'device': 'cpu'}").get("id").asString();
    assertThat(claim(queue.worker(), GPU)).isEmpty();
    assertThat(claim(queue.worker(), CPU).orElseThrow().key().jobId()).isEqualTo(job);
  }

  @Test
  void aSmallBaseIsForAnyDevice() throws Exception {
    sql.sql("update base_model set parameters = 5000000000 where name = 'eight'").update();
    assertThat(submit("").at("/resources/device").isNull()).isTrue();
    assertThat(claim(queue.worker(), new Device("cuda:0", null))).isPresent();
  }

  @Test
  void severalDevicesAreOfAClassOfWorkersAndCountEach() throws Exception {
    JsonNode job = submit("{'devices': 4, 'capability': '8.0', 'memory': 20000000000}");
    String id = job.get("id").asString();
    Device four = new Device("ray", null, "cuda", "8.0", 4, "ray", true, null);
    assertThat(
            claim(
                queue.worker("ray"), new Device("ray", null, "cuda", "8.0", 2, "ray", true, null)))
        .isEmpty();
    assertThat(claim(queue.worker(), new Device("x", null, "cuda", "9.0", 4, null, null, null)))
        .isEmpty();
    Lease lease = claim(queue.worker("ray"), four).orElseThrow();
    assertThat(lease.key().jobId()).isEqualTo(id);
    assertThat(lease.devices()).isEqualTo(4);
    sql.sql("update job_lease set claimed_at = graft_now() - interval '100 s' where job_id = :job")
        .param("job", id)
        .update();
    assertThat(share("running_device_seconds")).isCloseTo(400, within(10.0));
    leases.complete(lease.key(), "ft", Queue.SOME, List.of());
    assertThat(share("used_device_seconds")).isCloseTo(400, within(10.0));
    JsonNode done = ok(client.get("/v1/fine_tuning/jobs/" + id));
    assertThat(done.at("/usage/device_seconds").asDouble()).isCloseTo(400, within(10.0));
  }

  private double share(String field) throws Exception {
    String path = "/v1/organization/projects/%s/fair_share".formatted(department);
    return ok(client.get(path)).get(field).asDouble();
  }

  @Test
  void workersThatAreSetApartTakeOnlyJobsThatAskForTheirClass() throws Exception {
    Device apart = new Device("cuda:0", null, "cuda", "9.0", 1, "h100", true, null);
    String worker = queue.worker("h100");
    submit("");
    assertThat(claim(worker, apart)).isEmpty();
    String job = submit("{'worker_class': 'h100'}").get("id").asString();
    assertThat(claim(worker, apart).orElseThrow().key().jobId()).isEqualTo(job);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'devices': 65}|resources.devices|65 devices exceed the maximum of 64",
        "{'gpus': 1}|resources.gpus|unknown",
        "{'device': 'tpu'}|resources.device|must be one of cpu, cuda",
        "'cuda'|resources|must be an object",
      })
  void whatCannotBeMetIsRefusedAtItsPath(String resources, String param, String told)
      throws Exception {
    JsonNode refused = error(client.post("/v1/fine_tuning/jobs", body(resources)), 400);
    assertThat(refused.get("param").asString()).isEqualTo(param);
    assertThat(refused.get("message").asString()).contains(told);
  }

  @Test
  void anEstimateSaysWhatItWouldAskForAndWhoHasIt() throws Exception {
    byte[] rows = ROW.getBytes(StandardCharsets.UTF_8);
    sql.sql("update file set digest = :digest, bytes = :bytes where id = :id")
        .param("digest", store.put(new ByteArrayInputStream(rows), rows.length).sha256().hex())
        .param("bytes", rows.length)
        .param("id", file)
        .update();
    WorkerDevices devices = new WorkerDevices(sql);
    devices.asks(queue.worker(), CPU);
    JsonNode quote = ok(client.post("/v1/fine_tuning/quotes", body("")));
    assertThat(quote.at("/resources/device").asString()).isEqualTo("cuda");
    assertThat(quote.at("/memory/largest_device_bytes").isNull()).isTrue();
    assertThat(quote.get("warnings").toString()).contains("The job asks for a cuda device");
    devices.asks(queue.worker(), GPU);
    quote = ok(client.post("/v1/fine_tuning/quotes", body("")));
    assertThat(quote.at("/memory/largest_device_bytes").asLong()).isEqualTo(24_000_000_000L);
    assertThat(quote.at("/memory/fits").asBoolean()).isTrue();
    assertThat(quote.get("warnings").isEmpty()).isTrue();
  }

  @Test
  void suggestedModelsSayWhetherTheLargestDeviceHoldsThem() throws Exception {
    WorkerDevices devices = new WorkerDevices(sql);
    JsonNode none = ok(client.get("/v1/base_model_suggestions"));
    assertThat(none.get("device_memory").isNull()).isTrue();
    assertThat(none.at("/data/0/fits").isNull()).isTrue();
    devices.asks(queue.worker(), Device.named("cpu", 6_000_000_000L, null));
    devices.asks(queue.worker(), Device.UNKNOWN);
    JsonNode list = ok(client.get("/v1/base_model_suggestions"));
    assertThat(list.get("device_memory").asLong()).isEqualTo(6_000_000_000L);
    assertThat(list.get("data").valueStream().map(each -> each.get("fits").asBoolean()).toList())
        .startsWith(true, true)
        .endsWith(false);
  }
}
