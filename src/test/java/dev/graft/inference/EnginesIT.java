package dev.graft.inference;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.adapters.PublishedAdapters;
import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.catalog.BaseModels;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Aliases reach vLLM and a resolver directory by themselves. */
@GraftIT
class EnginesIT {
  private static final String LORA =
      """
      {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": %d, "lora_alpha": 8,
       "target_modules": ["q_proj", "v_proj"], "base_model_name_or_path": "tiny"%s}
      """;

  /** The server may still write to it after the last test. */
  @TempDir(cleanup = CleanupMode.NEVER)
  static Path root;

  private static VllmDouble vllm;

  @LocalServerPort private int port;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @Autowired private BaseModels baseModels;
  @Autowired private PublishedAdapters published;
  @TempDir Path model;
  private String department = "";
  private ApiClient own = new ApiClient(0, "");

  @DynamicPropertySource
  static void twoEngines(DynamicPropertyRegistry settings) throws IOException {
    vllm = new VllmDouble();
    settings.add("graft.engines.check-every", () -> "50ms");
    settings.add("graft.engines.servers[0].name", () -> "gpu-1");
    settings.add("graft.engines.servers[1].name", () -> "lake");
    settings.add("graft.engines.servers[0].url", vllm::url);
    settings.add("graft.engines.servers[0].api-key", VllmDouble::key);
    settings.add("graft.engines.servers[0].directory", () -> root.resolve("shared"));
    settings.add("graft.engines.servers[0].models.engines-tiny", () -> VllmDouble.BASE);
    settings.add("graft.engines.servers[1].directory", () -> root.resolve("lake"));
    settings.add("graft.engines.servers[1].models.engines-tiny", () -> "other/name");
    settings.add("graft.engines.servers[1].publish", () -> "all");
  }

  @AfterAll
  static void end() {
    vllm.close();
  }

  @BeforeEach
  void aDepartment() throws IOException {
    baseModels.register("engines-tiny", TinyLlama.write(model, 1));
    department = departments.ensure("support");
    own = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
  }

  private Published version(int rank, String more) throws IOException {
    Map<String, String> files =
        Map.of(
            "adapter_config.json",
            LORA.formatted(rank, more),
            "adapter_model.safetensors",
            "weights of rank " + rank);
    return published.publishOn("engines-tiny", department, files);
  }

  private JsonNode engine(String name) throws Exception {
    return ok(own.get("/v1/engines/" + name));
  }

  @Test
  void anAliasIsServedUnderItsNameAndFollowsItsMoves() throws Exception {
    Published one = version(4, "");
    Published two = version(8, "");
    Published dora = version(2, ", \"use_dora\": true");
    ok(own.post("/v1/aliases", "{'name': 'prod', 'model': '%s'}".formatted(one.model())));
    await().until(() -> vllm.loaded().containsKey("support/prod"));
    Path served = Path.of(vllm.loaded().get("support/prod"));
    assertThat(served.resolve("adapter_model.safetensors")).hasContent("weights of rank 4");
    assertThat(base(served)).isEqualTo(VllmDouble.BASE);

    ok(own.post("/v1/aliases/prod", "{'model': '%s'}".formatted(two.model())));
    await().until(() -> !vllm.loaded().get("support/prod").equals(served.toString()));
    assertThat(Path.of(vllm.loaded().get("support/prod")).resolve("adapter_model.safetensors"))
        .hasContent("weights of rank 8");
    ok(own.post("/v1/aliases/prod/rollback", "{}"));
    await().until(() -> vllm.loaded().get("support/prod").equals(served.toString()));

    // The directory has every version, and the alias, with its own name of the base.
    Path lake = root.resolve("lake");
    await().until(() -> Files.exists(lake.resolve(two.model()).resolve("adapter_config.json")));
    assertThat(lake.resolve("support/prod/adapter_model.safetensors"))
        .hasContent("weights of rank 4");
    assertThat(base(lake.resolve(two.model()))).isEqualTo("other/name");
    await().untilAsserted(() -> assertThat(text(engine("lake"), "status")).isEqualTo("degraded"));
    JsonNode models = engine("lake").path("models");
    assertThat(models)
        .anySatisfy(
            each -> {
              assertThat(text(each, "model")).isEqualTo(dora.model());
              assertThat(text(each, "status")).isEqualTo("failed");
              assertThat(text(each, "error")).contains("vLLM does not load it");
            });
    JsonNode gpu = engine("gpu-1");
    assertThat(text(gpu, "status")).isEqualTo("ready");
    assertThat(text(gpu, "kind")).isEqualTo("vllm");
    assertThat(text(gpu.path("models").path(0), "name")).isEqualTo("support/prod");
    assertThat(text(gpu.path("models").path(0), "model")).isEqualTo(one.model());

    ok(own.delete("/v1/aliases/prod"));
    await().until(() -> vllm.loaded().isEmpty());
  }

  @Test
  void anotherDepartmentSeesTheEngineAndNotTheModels() throws Exception {
    ok(
        own.post(
            "/v1/aliases", "{'name': 'theirs', 'model': '%s'}".formatted(version(4, "").model())));
    await().until(() -> vllm.loaded().containsKey("support/theirs"));
    await().until(() -> engine("gpu-1").path("models").size() == 1);
    ApiClient other = own.as(keys.create(departments.ensure("guests"), Caller.Scope.USER).secret());
    JsonNode engines = ok(other.get("/v1/engines")).path("data");
    assertThat(engines).hasSize(2);
    assertThat(engines).allSatisfy(each -> assertThat(each.path("models")).isEmpty());
    error(other.get("/v1/engines/none"), 404);
    ok(own.delete("/v1/aliases/theirs"));
  }

  private static String base(Path adapter) {
    return new JsonMapper()
        .readTree(adapter.resolve("adapter_config.json").toFile())
        .path("base_model_name_or_path")
        .asString();
  }
}
