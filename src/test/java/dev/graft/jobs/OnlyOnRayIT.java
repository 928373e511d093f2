package dev.graft.jobs;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.catalog.BaseModels;
import dev.graft.jobs.lease.Device;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyLlama;
import dev.graft.tiny.TinyMixtral;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** A base model that Graft's own kernels lack, as far as a server without a cluster goes. */
@GraftIT
class OnlyOnRayIT {
  private static final String JOBS = "/v1/fine_tuning/jobs";
  private static final String UPLOAD =
      """
      --X\r
      Content-Disposition: form-data; name="purpose"\r
      \r
      fine-tune\r
      --X\r
      Content-Disposition: form-data; name="file"; filename="rows.jsonl"\r
      \r
      {"prompt": "two and two", "completion": "four"}
      \r
      --X--\r
      """;

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired BaseModels baseModels;
  @Autowired WorkerDevices devices;
  @Autowired JdbcClient sql;
  @TempDir Path directory;
  private ApiClient client;
  private String file = "";

  @BeforeEach
  void aMixture() throws Exception {
    String department = departments.ensure("d-" + UUID.randomUUID());
    client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    baseModels.register("mixture", TinyMixtral.write(directory.resolve("mixture")));
    baseModels.register("plain", TinyLlama.write(directory.resolve("plain"), 1));
    sql.sql("delete from worker_device").update();
    file = text(ok(client.send("POST", "/v1/files", UPLOAD)), "id");
  }

  private String body(String model, String more) {
    return "{'model': '%s', 'training_file': '%s'%s}".formatted(model, file, more);
  }

  private JsonNode refused(String model, String more) throws Exception {
    return error(client.post(JOBS, body(model, more)), 400);
  }

  private void ray(String workerClass, String name, int count) {
    String worker =
        sql.sql(
                "insert into worker (id, name, class, created_at) values (:id, :id, :class,"
                    + " graft_now()) returning id")
            .param("id", "wkr_" + UUID.randomUUID())
            .param("class", workerClass)
            .query(String.class)
            .single();
    devices.asks(worker, new Device(name, null, "cpu", null, count, workerClass, true, null));
  }

  @Test
  void aJobIsTakenOnlyIfAWorkerOfAClusterCouldTakeIt() throws Exception {
    JsonNode none = refused("mixture", "");
    assertThat(text(none, "param")).isEqualTo("model");
    assertThat(text(none, "message"))
        .contains("'mixture' is a model of type mixtral")
        .contains("no worker of class ray");
    ray("fast", "cuda:0", 2);
    refused("mixture", ", 'resources': {'worker_class': 'fast'}");
    ray("ray", Device.RAY, 2);
    refused("mixture", ", 'resources': {'devices': 3}");
    refused("mixture", ", 'resources': {'device': 'cuda'}");
    JsonNode job = ok(client.post(JOBS, body("mixture", "")));
    assertThat(job.at("/resources/worker_class").asString()).isEqualTo("ray");
    ray("fast", Device.RAY, 4);
    ok(client.post(JOBS, body("mixture", ", 'resources': {'worker_class': 'fast', 'devices': 4}")));
  }

  @Test
  void settingsThatTheClustersTrainerLacksAreRefusedBeforeTheJobWaits() throws Exception {
    ray("ray", Device.RAY, 2);
    String full = ", 'adapter': {'method': {'type': 'full'}}";
    assertThat(text(refused("mixture", full), "param")).isEqualTo("adapter.method");
    String packing = ", 'adapter': {'training': {'packing': true}}";
    assertThat(text(refused("plain", packing + ", 'resources': {'devices': 2}"), "message"))
        .startsWith("adapter.training.packing: is not supported on Ray");
    ok(client.post(JOBS, body("plain", packing)));
  }

  @Test
  void whatCanBeToldBeforeItTrainsIsTold() throws Exception {
    ray("ray", Device.RAY, 2);
    JsonNode valid =
        ok(client.post("/v1/adapter_configs/validate", "{'model': 'mixture', 'adapter': {}}"));
    assertThat(valid.get("valid").asBoolean()).isTrue();
    assertThat(valid.get("memory_bytes").isNull()).isTrue();
    assertThat(valid.get("fits_worker").asBoolean()).isTrue();
    JsonNode invalid =
        ok(
            client.post(
                "/v1/adapter_configs/validate",
                "{'model': 'mixture', 'adapter': {'objective': 'dpo'}}"));
    assertThat(invalid.at("/errors/0/path").asString("")).isEqualTo("adapter.objective");
    JsonNode quote = ok(client.post("/v1/fine_tuning/quotes", body("mixture", "")));
    assertThat(quote.at("/data/rows").asLong()).isPositive();
    assertThat(quote.at("/memory/bytes").isNull()).isTrue();
    ok(client.get("/v1/models/mixture"));
  }

  @Test
  void aChatWithItSaysWhatItIsFor() throws Exception {
    String chat = "{'model': 'mixture', 'messages': [{'role': 'user', 'content': 'hello'}]}";
    JsonNode error = error(client.post("/v1/chat/completions", chat), 400);
    assertThat(text(error, "param")).isEqualTo("model");
    assertThat(text(error, "message"))
        .contains("does not answer with models of type mixtral")
        .contains("for download");
  }
}
