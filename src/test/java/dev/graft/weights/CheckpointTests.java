package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.weights.ModelConfig.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.node.ObjectNode;

/** Files name tensors in several ways; readers see the names of the configuration. */
class CheckpointTests {
  private static final List<String> NAMES = Families.NAMES;

  @TempDir Path dir;

  @ParameterizedTest
  @FieldSource("NAMES")
  void aCheckpointInTwoShardsIsWhole(String family) throws IOException {
    List<NamedTensor> all = tensors(family);
    writeConfig(family);
    int half = all.size() / 2;
    SafetensorsWriter.write(dir.resolve("model-1.safetensors"), all.subList(0, half));
    SafetensorsWriter.write(dir.resolve("model-2.safetensors"), all.subList(half, all.size()));
    ObjectNode index = TinyModels.JSON.createObjectNode();
    ObjectNode map = index.putObject("weight_map");
    for (int i = 0; i < all.size(); i++) {
      map.put(all.get(i).name(), i < half ? "model-1.safetensors" : "model-2.safetensors");
    }
    Files.writeString(dir.resolve("model.safetensors.index.json"), index.toString());
    assertThat(check().parameters()).isEqualTo(scalars(all));
  }

  @ParameterizedTest
  @CsvSource({"bert", "roberta", "distilbert", "llama-tied", "llama-cls", "gpt2", "qwen3"})
  void aBaseWithoutItsPrefixAndWithoutAHeadIsABase(String family) throws IOException {
    String prefix = Families.read(family).basePrefix();
    List<NamedTensor> base =
        tensors(family).stream().filter(tensor -> tensor.name().startsWith(prefix)).toList();
    write(family, base, name -> name.substring(prefix.length()));
    assertThat(check().parameters()).isEqualTo(scalars(base));
    try (ModelDirectory model = ModelDirectory.open(dir)) {
      String name = model.config().inputEmbedding();
      long[] shape = {97, 32};
      assertThat(model.weights().has(name)).isTrue();
      assertThat(model.weights().require(name, shape).name()).isEqualTo(name);
      for (Parameter each : model.config().newHead()) {
        boolean pooler = each.name().startsWith(prefix);
        assertThat(model.weights().has(each.name())).isEqualTo(pooler);
      }
    }
  }

  @Test
  void aHeadThatIsAskedForMustBeThere() throws IOException {
    List<NamedTensor> all = tensors("llama-cls");
    write("llama-cls", all.subList(0, all.size() - 1), name -> name);
    try (ModelDirectory model = ModelDirectory.open(dir)) {
      assertThat(model.check().parameters()).isPositive();
      assertThat(model.weights().has("score.weight")).isFalse();
      assertThatThrownBy(() -> model.weights().require("score.weight", 3, 32))
          .isInstanceOf(BadModel.class)
          .hasMessage("the checkpoint does not contain the tensor score.weight");
    }
  }

  @Test
  void anUntiedLanguageHeadMayNotBeMissing() throws IOException {
    List<NamedTensor> all = tensors("llama");
    write("llama", all.subList(0, all.size() - 1), name -> name);
    assertThatThrownBy(this::check)
        .hasMessageContaining("does not contain the tensor lm_head.weight");
  }

  @Test
  void oldBertSaysGammaAndBeta() throws IOException {
    write(
        "bert",
        tensors("bert"),
        name ->
            name.replace("LayerNorm.weight", "LayerNorm.gamma")
                .replace("LayerNorm.bias", "LayerNorm.beta"));
    assertThat(check().parameters()).isEqualTo(scalars(tensors("bert")));
  }

  @Test
  void twoSpellingsOfOneTensorAreRefused() throws IOException {
    List<NamedTensor> all = new ArrayList<>(tensors("bert"));
    all.add(tensor("bert.embeddings.LayerNorm.gamma", 32));
    write("bert", all, name -> name);
    assertThatThrownBy(this::check)
        .isInstanceOf(BadModel.class)
        .hasMessageContaining("bert.embeddings.LayerNorm.weight under two names");
  }

  @ParameterizedTest
  @CsvSource({
    "bert, cls.predictions.transform.dense.weight",
    "bert, bert.embeddings.position_ids",
    "roberta, lm_head.decoder.bias",
    "roberta, roberta.pooler.dense.weight",
    "distilbert, vocab_projector.weight",
    "llama, model.layers.0.self_attn.rotary_emb.inv_freq",
    "llama-tied, lm_head.weight",
    "llama-cls, lm_head.weight",
    "gpt2, transformer.h.0.attn.masked_bias",
    "gpt2, transformer.h.1.attn.bias",
    "gpt-neox, gpt_neox.layers.1.attention.masked_bias",
  })
  void leftoversOfPreTrainingAreIgnored(String family, String leftover) throws IOException {
    List<NamedTensor> all = new ArrayList<>(tensors(family));
    all.add(tensor(leftover, 3));
    write(family, all, name -> name);
    assertThat(check().parameters()).isEqualTo(scalars(tensors(family)));
  }

  @ParameterizedTest
  @CsvSource({"llama, score.weight", "bert, classifier.dense.weight", "llama, h.0.attn.bias"})
  void otherTensorsAreNot(String family, String stray) throws IOException {
    List<NamedTensor> all = new ArrayList<>(tensors(family));
    all.add(tensor(stray, 3));
    write(family, all, name -> name);
    assertThatThrownBy(this::check)
        .isInstanceOf(BadModel.class)
        .hasMessageContaining("does not use, such as [" + stray + "]");
  }

  private ModelDirectory.Facts check() {
    try (ModelDirectory model = ModelDirectory.open(dir)) {
      return model.check();
    }
  }

  private void write(String family, List<NamedTensor> tensors, UnaryOperator<String> spelling)
      throws IOException {
    writeConfig(family);
    List<NamedTensor> spelled =
        tensors.stream()
            .map(t -> new NamedTensor(spelling.apply(t.name()), t.dtype(), t.shape(), t.data()))
            .toList();
    SafetensorsWriter.write(dir.resolve("model.safetensors"), spelled);
  }

  private void writeConfig(String family) throws IOException {
    Files.writeString(dir.resolve("config.json"), Families.json(family).toString());
  }

  private static List<NamedTensor> tensors(String family) {
    return TinyModels.random(Families.read(family).parameters(), 5);
  }

  private static NamedTensor tensor(String name, long... shape) {
    return TinyModels.random(List.of(new Parameter(name, shape, ModelConfig.Kind.LINEAR)), 5)
        .getFirst();
  }

  private static long scalars(List<NamedTensor> tensors) {
    return tensors.stream().mapToLong(tensor -> tensor.data().byteSize() / 4).sum();
  }
}
