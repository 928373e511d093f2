package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.openai.errors.BadRequestException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A mixture of experts, which only transformers knows, through the whole service. */
@Tag("ray")
class RayMixtureIT extends OnCluster {
  /** Beside the tokenizer of another base. */
  private static final String WRITE =
      """
      import json, pathlib, shutil, sys, torch
      from transformers import AutoConfig, AutoModelForCausalLM
      base, mixture = map(pathlib.Path, sys.argv[1:])
      torch.manual_seed(11)
      config = AutoConfig.for_model(
          "mixtral", hidden_size=32, intermediate_size=64, num_hidden_layers=2,
          num_attention_heads=4, num_key_value_heads=2, num_local_experts=4,
          num_experts_per_tok=2, max_position_embeddings=256, bos_token_id=None,
          vocab_size=json.loads((base / "config.json").read_text())["vocab_size"])
      model = AutoModelForCausalLM.from_config(config)
      with torch.no_grad():
          for parameter in model.parameters():
              if parameter.dim() > 1: parameter.normal_(std=0.1)
      model.save_pretrained(mixture)
      for name in ("tokenizer.json", "tokenizer_config.json"):
          shutil.copyfile(base / name, mixture / name)
      print("written")
      """;

  /** By how much the adapter changes what the model says. */
  private static final String CHANGES =
      """
      import sys, torch
      from peft import PeftModel
      from transformers import AutoModelForCausalLM
      model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(sys.argv[1]), sys.argv[2])
      ids = torch.arange(10, 30)[None]
      with torch.no_grad(), model.disable_adapter():
          plain = model(ids).logits
      with torch.no_grad():
          print(float((model(ids).logits - plain).abs().max()))
      """;

  @Test
  void aMixtureOfExpertsTrainsOnRayAndItsAdapterIsForDownload() throws Exception {
    Path mixture = Files.createTempDirectory(Path.of("target"), "mixture-");
    assertThat(python(WRITE, base, mixture)).isEqualTo("written");
    assertThat(baseModels.register("mixture", mixture).family()).isEqualTo("mixtral");
    Map<String, Object> training = Map.of("num_train_epochs", 4, "save_steps", 5);
    assertThatThrownBy(() -> submit("mixture", training, Map.of("worker_class", "other")))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining("'mixture' is a model of type mixtral")
        .hasMessageContaining("no worker of class other");
    worker("one");
    String job =
        await()
            .atMost(LONG)
            .ignoreExceptionsInstanceOf(BadRequestException.class)
            .until(() -> submit("mixture", training), id -> true);
    await().atMost(LONG).until(() -> state(job).equals("succeeded"));
    requireLosses(job, mixture, training, 1e-4);
    assertThat(outcomes(job)).containsExactly("completed");
    Path adapter = downloaded();
    assertThat(Files.readString(adapter.resolve("adapter_config.json")))
        .contains("\"base_model_name_or_path\": \"mixture\"");
    assertThat(Double.parseDouble(python(CHANGES, mixture, adapter))).isGreaterThan(0.1);
    String model = get("/v1/fine_tuning/jobs/" + job).path("fine_tuned_model").asString("");
    assertThatThrownBy(() -> chat(model, "say 3"))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining("does not answer with models of type mixtral")
        .hasMessageContaining("for download");
  }

  @Test
  void oneDeviceOfAClusterDoesForAModelThatOnlyItTrains() throws Exception {
    Path mixture = Files.createTempDirectory(Path.of("target"), "mixture-");
    python(WRITE, base, mixture);
    baseModels.register("mixture", mixture);
    worker("one");
    Map<String, Object> training = Map.of("num_train_epochs", 1);
    String job =
        await()
            .atMost(LONG)
            .ignoreExceptionsInstanceOf(BadRequestException.class)
            .until(() -> submit("mixture", training, Map.of()), id -> true);
    assertThat(get("/v1/fine_tuning/jobs/" + job).at("/resources/worker_class").asString(""))
        .isEqualTo("ray");
    await().atMost(LONG).until(() -> state(job).equals("succeeded"));
    requireLosses(job, mixture, training, 1e-4);
  }
}
