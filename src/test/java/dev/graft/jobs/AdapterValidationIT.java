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
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** Settings held against a base model before there is a job. */
@GraftIT
class AdapterValidationIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired BaseModels baseModels;
  @Autowired WorkerDevices devices;
  @Autowired JdbcClient sql;
  @TempDir Path directory;
  private ApiClient client;
  private String department = "";

  @BeforeEach
  void aBaseModel() throws Exception {
    department = departments.ensure("d-" + UUID.randomUUID());
    client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    baseModels.register("checked", TinyLlama.write(directory.resolve("base"), 1));
  }

  private JsonNode validated(String adapter) throws Exception {
    return ok(
        client.post(
            "/v1/adapter_configs/validate", "{'model': 'checked', 'adapter': " + adapter + "}"));
  }

  @Test
  void whatIsNeitherSettingsNorANameIsNoRequest() throws Exception {
    for (String adapter : List.of("[]", "[{}]", "7")) {
      String body = "{'model': 'checked', 'adapter': " + adapter + "}";
      JsonNode refused = error(client.post("/v1/adapter_configs/validate", body), 400);
      assertThat(refused.path("param").asString()).isEqualTo("adapter");
    }
  }

  @Test
  void aJobWithSettingsThatDoNotFitItsBaseIsRefusedBeforeItWaits() throws Exception {
    String file = new TestJobs().file(sql, department);
    String adapter = "{'peft': {'target_modules': ['c_attn']}}";
    String job = "{'model': 'checked', 'training_file': '%s', 'adapter': %s}";
    JsonNode refused =
        error(client.post("/v1/fine_tuning/jobs", job.formatted(file, adapter)), 400);
    assertThat(refused.path("param").asString()).isEqualTo("adapter.peft.target_modules");
    assertThat(refused.path("message").asString()).contains("'c_attn' matches no module");
    ok(client.post("/v1/fine_tuning/jobs", job.formatted(file, "{'peft': {'r': 4}}")));
  }

  @Test
  void settingsThatFitSayWhatTheyTrain() throws Exception {
    JsonNode found = validated("{'peft': {'r': 4, 'target_modules': ['q_proj']}}");
    assertThat(found.path("valid").asBoolean()).isTrue();
    assertThat(found.path("errors").isEmpty()).isTrue();
    assertThat(found.path("modules").get(0).asString())
        .isEqualTo("model.layers.0.self_attn.q_proj");
    long trainable = found.path("trainable_parameters").asLong();
    assertThat(trainable).isPositive().isLessThan(found.path("parameters").asLong());
    assertThat(found.at("/adapter/training/learning_rate").asDouble()).isEqualTo(2e-4);
    assertThat(validated("'balanced'").path("valid").asBoolean()).isTrue();
  }

  @Test
  void theirMemoryIsHeldAgainstTheWorkersThatAreThere() throws Exception {
    Queue queue = new Queue(sql);
    sql.sql("delete from worker_device").update();
    assertThat(validated("'balanced'").path("fits_worker").isNull()).isTrue();
    devices.asks(queue.worker(), new Device("cpu", 1L));
    JsonNode kept = validated("{'peft': {'r': 4}, 'training': {'max_length': 64}}");
    JsonNode again =
        validated(
            "{'peft': {'r': 4}, 'training': {'max_length': 64, 'gradient_checkpointing': true}}");
    long bytes = kept.path("memory_bytes").asLong();
    assertThat(again.path("memory_bytes").asLong()).isPositive().isLessThan(bytes);
    assertThat(kept.path("fits_worker").asBoolean(true)).isFalse();
    devices.asks(queue.worker(), new Device("cpu", bytes));
    assertThat(
            validated("{'peft': {'r': 4}, 'training': {'max_length': 64}}")
                .path("fits_worker")
                .asBoolean())
        .isTrue();
  }

  @Test
  void everyProblemIsSaidAtItsPath() throws Exception {
    JsonNode read = validated("{'peft': {'r': 0, 'colour': 1}, 'training': {'beta': 1}}");
    assertThat(read.path("valid").asBoolean()).isFalse();
    assertThat(paths(read))
        .contains("adapter.peft.r", "adapter.peft.colour", "adapter.training.beta");
    JsonNode unfit =
        validated("{'peft': {'target_modules': ['c_attn']}, 'training': {'max_length': 99999}}");
    assertThat(paths(unfit))
        .containsExactlyInAnyOrder("adapter.peft.target_modules", "adapter.training.max_length");
    assertThat(unfit.path("modules").isNull()).isTrue();
    assertThat(unfit.path("memory_bytes").isNull()).isTrue();
    assertThat(paths(validated("{'method': {'type': 'freeze', 'trainable_layers': 99}}")))
        .containsExactly("adapter.method.trainable_layers");
  }

  @Test
  void aFormOfTheResultThatCannotBeIsRefusedWithTheReason() throws Exception {
    String file = new TestJobs().file(sql, department);
    String adapter = "{'peft': {'use_dora': true}, 'output': {'gguf': true}}";
    String job = "{'model': 'checked', 'training_file': '%s', 'adapter': %s}";
    JsonNode refused =
        error(client.post("/v1/fine_tuning/jobs", job.formatted(file, adapter)), 400);
    assertThat(refused.path("param").asString()).isEqualTo("adapter.output.gguf");
    assertThat(refused.path("message").asString())
        .contains("llama.cpp does not load this adapter: use_dora: its magnitudes are not loaded");
    assertThat(paths(validated(adapter))).containsExactly("adapter.output.gguf");
    assertThat(
            paths(
                validated(
                    "{'peft': {'lora_bias': true}, 'output': {'merged': true, 'gguf': true}}")))
        .containsExactly("adapter.output.merged");
  }

  @Test
  void whatIsNotThereIsRefused() throws Exception {
    String path = "/v1/adapter_configs/validate";
    assertThat(text(error(client.post(path, "{'model': 'none', 'adapter': {}}"), 404), "code"))
        .isEqualTo("model_not_found");
    assertThat(text(error(client.post(path, "{'model': 'checked'}"), 400), "param"))
        .isEqualTo("adapter");
    error(client.post(path, "{'model': 'checked', 'adapter': 'nobody'}"), 400);
  }

  private static List<String> paths(JsonNode found) {
    return found.path("errors").values().stream().map(each -> text(each, "path")).toList();
  }
}
