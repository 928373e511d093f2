package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/** Checkpoints that {@code save_pretrained} has written of models that bitsandbytes quantised. */
class QuantisedCheckpointTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");

  @TempDir private Path dir;

  private static StoredWeight quantise(MappedTensor weight, String how) {
    return switch (how) {
      case "nf4" -> FourBitTensor.quantise(weight, FourBitTensor.FourBitType.NF4, false);
      case "fp4-double" -> FourBitTensor.quantise(weight, FourBitTensor.FourBitType.FP4, true);
      default -> Int8Tensor.quantise(weight);
    };
  }

  @ParameterizedTest
  @CsvSource({"llama, nf4", "llama-tied, fp4-double", "llama, int8"})
  void aSavedCheckpointHoldsWhatQuantisingItsBaseGives(String model, String how) {
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve(model));
        ModelDirectory saved = ModelDirectory.open(MODELS.resolve(model + "-" + how))) {
      assertThat(saved.quantization())
          .isEqualTo(new ModelDirectory.QuantizationConfig(how.equals("int8") ? 8 : 4));
      assertThat(saved.check()).isEqualTo(base.check());
      int quantised = 0;
      for (ModelConfig.Parameter each : base.config().parameters()) {
        StoredWeight found = saved.weights().stored(each);
        MappedTensor plain = base.weights().require(each.name(), each.shape());
        if (found instanceof MappedTensor mapped) {
          assertThat(mapped.toFloats()).containsExactly(plain.toFloats());
          continue;
        }
        assertThat(found).usingRecursiveComparison().isEqualTo(quantise(plain, how));
        quantised++;
      }
      assertThat(quantised).isEqualTo(base.config().linearModules().size());
    }
  }

  @Test
  void theQuantisedWeightOfAConv1dIsTurnedRound() {
    try (ModelDirectory saved = ModelDirectory.open(MODELS.resolve("gpt2-nf4"))) {
      saved.check();
      for (ModelConfig.Parameter each : saved.config().parameters()) {
        if (saved.weights().stored(each) instanceof FourBitTensor found) {
          assertThat(each.kind()).isEqualTo(ModelConfig.Kind.CONV1D);
          assertThat(found.shape()).containsExactly(each.shape()[1], each.shape()[0]);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'quant_method':'gptq','bits':4}|quantization_config.quant_method is 'gptq'",
        "{'quant_method':'awq'}|quantization_config.quant_method is 'awq'",
        "{'bits':4}|quantization_config.quant_method is 'unknown'",
        "{'quant_method':'bitsandbytes'}|quantization_config.load_in_4bit and load_in_8bit",
        "{'load_in_4bit':true,'bnb_4bit_quant_storage':'bfloat16'}|bnb_4bit_quant_storage is",
        "{'load_in_8bit':true,'llm_int8_has_fp16_weight':true}|llm_int8_has_fp16_weight true",
      })
  void otherQuantisationsAreRefusedByName(String config, String message) throws IOException {
    ObjectNode json = TinyModels.config();
    json.set("quantization_config", TinyModels.JSON.readTree(config.replace('\'', '"')));
    Files.writeString(dir.resolve("config.json"), TinyModels.JSON.writeValueAsString(json));
    assertThatThrownBy(() -> ModelDirectory.open(dir))
        .isInstanceOf(BadModel.class)
        .hasMessageContaining("config.json: ")
        .hasMessageContaining(message);
  }

  @Test
  void partsThatDoNotFitTogetherAreNamed() throws IOException {
    String weight = "model.layers.0.mlp.up_proj.weight";
    assertBroken(each -> each.name().equals(weight + ".absmax") ? null : each, weight + ".absmax");
    assertBroken(each -> each.name().equals(weight) ? shortened(each) : each, weight + " is U8 of");
    assertBroken(
        each -> each.name().equals(weight + ".quant_map") ? nan(each) : each,
        weight + ".quant_map contains infinity or NaN");
    assertBroken(
        each -> each.name().startsWith(weight + ".quant_state") ? nan(each) : each,
        "is not valid JSON");
  }

  private void assertBroken(Function<NamedTensor, NamedTensor> change, String message)
      throws IOException {
    Path source = MODELS.resolve("llama-nf4");
    Files.write(dir.resolve("config.json"), Files.readAllBytes(source.resolve("config.json")));
    List<NamedTensor> changed = new ArrayList<>();
    try (SafetensorsFile file = SafetensorsFile.open(source.resolve("model.safetensors"))) {
      for (MappedTensor each : file.tensors()) {
        NamedTensor tensor = change.apply(each.named());
        if (tensor != null) changed.add(tensor);
      }
      SafetensorsWriter.write(dir.resolve("model.safetensors"), changed);
    }
    try (ModelDirectory model = ModelDirectory.open(dir)) {
      assertThatThrownBy(model::check).isInstanceOf(BadModel.class).hasMessageContaining(message);
    }
  }

  private static NamedTensor shortened(NamedTensor tensor) {
    byte[] all = tensor.toBytes();
    byte[] half = Arrays.copyOf(all, all.length / 2);
    return NamedTensor.of(tensor.name(), tensor.dtype(), half, half.length, 1);
  }

  private static NamedTensor nan(NamedTensor tensor) {
    byte[] data = tensor.toBytes();
    Arrays.fill(data, (byte) 0xFF);
    return NamedTensor.of(tensor.name(), tensor.dtype(), data, tensor.shape());
  }
}
