package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

class ModelDirectoryTests {
  @TempDir Path dir;

  @Test
  void readsAConfigurationWithItsDefaults() throws IOException {
    DecoderConfig config = open(c -> c.remove("num_key_value_heads"));
    assertThat(config.attention().headDim()).isEqualTo(4);
    assertThat(config.attention().keyValueHeads()).isEqualTo(2);
    assertThat(config.layers().getFirst().rope()).isEqualTo(new Rope.Default(10_000, 4));
    assertThat(config.eosTokenIds()).containsExactly(2);
    assertThat(config.padTokenId()).isNull();
  }

  @Test
  void bothSpellingsOfLlama3RopeAreOneConfiguration() throws IOException {
    Consumer<ObjectNode> numbers =
        rope ->
            rope.put("factor", 8.0)
                .put("low_freq_factor", 1.0)
                .put("high_freq_factor", 4.0)
                .put("original_max_position_embeddings", 32)
                .put("rope_type", "llama3");
    DecoderConfig four =
        open(
            c -> {
              c.put("rope_theta", 500000.0).put("torch_dtype", "float32");
              numbers.accept(c.putObject("rope_scaling"));
            });
    DecoderConfig five =
        open(
            c -> {
              c.put("dtype", "float32");
              numbers.accept(c.putObject("rope_parameters").put("rope_theta", 500000.0));
            });
    assertThat(four).isEqualTo(five);
    assertThat(four.layers().getFirst().rope()).isEqualTo(new Rope.Llama3(500000, 4, 8, 1, 4, 32));
  }

  @Test
  void stopIdsComeFromBothFiles() throws IOException {
    Files.writeString(dir.resolve("generation_config.json"), "{\"eos_token_id\": [5, 2]}");
    assertThat(open(c -> c.putArray("eos_token_id").add(2).add(3)).eosTokenIds())
        .containsExactly(5, 2, 3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "model_type|\"mamba\"|model_type is \"mamba\"; supported: model_type llama, mistral",
        "architectures|[\"LlamaForTokenClassification\"]|architectures is",
        "hidden_act|\"relu2\"|hidden_act is \"relu2\"",
        "vision_config|{}|vision_config indicates a vision model",
        "num_local_experts|8|num_local_experts indicates a mixture of experts",
        "quantization_config|{\"bits\":4}|quantization_config.quant_method is",
        "rope_scaling|{\"type\":\"mrope\"}|rope_scaling.type is \"mrope\"",
        "rope_parameters|{\"rope_type\":\"llama3\"}|rope_parameters.low_freq_factor is missing",
        "rope_parameters|{\"partial_rotary_factor\":0.5}|partial_rotary_factor below 1",
        "hidden_size|\"8\"|hidden_size is \"8\", not an integer",
        "hidden_size|99999999999|hidden_size is 99999999999, must be 1 to 65536",
        "hidden_size|9|hidden_size 9 is not a multiple of 2 heads",
        "hidden_size|null|hidden_size is missing",
        "num_key_value_heads|3|num_key_value_heads 3 does not divide",
        "num_hidden_layers|0|num_hidden_layers is 0",
        "head_dim|3|head_dim results in 3 of 3",
        "rms_norm_eps|1e999|rms_norm_eps",
        "eos_token_id|11|eos_token_id is 11, must be 0 to 10",
        "tie_word_embeddings|1|tie_word_embeddings is 1, not true or false",
      })
  void refusesWhatItCannotTrain(String field, String json, String message) {
    assertThatThrownBy(() -> open(c -> c.set(field, TinyModels.JSON.readTree(json))))
        .isInstanceOf(BadModel.class)
        .hasMessageContaining("config.json: ")
        .hasMessageContaining(message);
  }

  @Test
  void countsParametersOfAWholeCheckpoint() throws IOException {
    TinyModels.write(dir, TinyModels.config());
    try (ModelDirectory model = ModelDirectory.open(dir)) {
      long layer = 2 * 8 + 8 * 8 + 2 * 4 * 8 + 8 * 8 + 3 * 8 * 12;
      assertThat(model.check())
          .isEqualTo(new ModelDirectory.Facts(11 * 8 + 2 * layer + 8, Dtype.F32));
    }
  }

  @Test
  void namesAMissingAndAMisshapenTensor() throws IOException {
    TinyModels.write(dir, TinyModels.config());
    rewriteConfig(c -> c.put("num_hidden_layers", 3));
    assertBad("does not contain the tensor model.layers.2.input_layernorm.weight");
    rewriteConfig(c -> c.put("vocab_size", 12));
    assertBad("model.embed_tokens.weight has shape [11, 8], but config.json requires [12, 8]");
    rewriteConfig(c -> c.put("num_hidden_layers", 1));
    assertBad("9 tensors that this architecture does not use");
  }

  @Test
  void readsShardsAndNamesTheMissingOne() throws IOException {
    TinyModels.write(dir, TinyModels.config());
    List<NamedTensor> all;
    try (ModelDirectory model = ModelDirectory.open(dir)) {
      all = TinyModels.random(model.config().parameters(), 3);
    }
    Files.delete(dir.resolve("model.safetensors"));
    SafetensorsWriter.write(dir.resolve("model-00001.safetensors"), all.subList(0, 5));
    SafetensorsWriter.write(dir.resolve("model-00002.safetensors"), all.subList(5, all.size()));
    ObjectNode index = TinyModels.JSON.createObjectNode();
    ObjectNode map = index.putObject("weight_map");
    for (int i = 0; i < all.size(); i++) {
      map.put(all.get(i).name(), i < 5 ? "model-00001.safetensors" : "model-00002.safetensors");
    }
    Path file = dir.resolve("model.safetensors.index.json");
    Files.writeString(file, TinyModels.JSON.writeValueAsString(index));
    try (ModelDirectory model = ModelDirectory.open(dir)) {
      assertThat(model.check().parameters()).isPositive();
    }
    Files.delete(dir.resolve("model-00002.safetensors"));
    assertBad("model-00002.safetensors is missing");
    map.put(all.get(0).name(), "../secret.safetensors");
    Files.writeString(file, TinyModels.JSON.writeValueAsString(index));
    assertBad("'../secret.safetensors' is not a plain file name");
  }

  @Test
  void aLinkOutOfTheDirectoryIsRefused(@TempDir Path elsewhere) throws IOException {
    TinyModels.write(dir, TinyModels.config());
    Files.move(dir.resolve("model.safetensors"), elsewhere.resolve("secret"));
    Files.createSymbolicLink(dir.resolve("model.safetensors"), elsewhere.resolve("secret"));
    assertBad("model.safetensors is a link to a file outside of the model directory");
  }

  @Test
  void linksOfAHubCacheAreFollowed() throws IOException {
    Path snapshot = dir.resolve("models--a--b/snapshots/0123");
    Path blobs = Files.createDirectories(dir.resolve("models--a--b/blobs"));
    TinyModels.write(snapshot, TinyModels.config());
    for (String name : List.of("config.json", "model.safetensors")) {
      Files.move(snapshot.resolve(name), blobs.resolve(name));
      Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs", name));
    }
    try (ModelDirectory model = ModelDirectory.open(snapshot)) {
      assertThat(model.check().parameters()).isPositive();
    }
  }

  @Test
  void directoriesWithoutAModelSaySo() throws IOException {
    assertThatThrownBy(() -> ModelDirectory.open(dir.resolve("none")))
        .isInstanceOf(BadModel.class)
        .hasMessageContaining("does not exist");
    assertBad("config.json is missing");
    Files.writeString(dir.resolve("config.json"), "{\"a\":1,\"a\":2}");
    assertBad("config.json is not valid JSON");
    Files.writeString(
        dir.resolve("config.json"), TinyModels.JSON.writeValueAsString(TinyModels.config()));
    assertBad("neither model.safetensors nor");
  }

  private DecoderConfig open(Consumer<ObjectNode> change) throws IOException {
    rewriteConfig(change);
    try (ModelDirectory model = ModelDirectory.open(dir)) {
      return (DecoderConfig) model.config();
    }
  }

  private void rewriteConfig(Consumer<ObjectNode> change) throws IOException {
    ObjectNode config = TinyModels.config();
    change.accept(config);
    Files.writeString(dir.resolve("config.json"), TinyModels.JSON.writeValueAsString(config));
  }

  private void assertBad(String message) {
    assertThatThrownBy(
            () -> {
              try (ModelDirectory model = ModelDirectory.open(dir)) {
                model.check();
              }
            })
        .isInstanceOf(BadModel.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining(dir.toString());
  }
}
