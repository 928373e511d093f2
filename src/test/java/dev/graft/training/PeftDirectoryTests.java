package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.SavedAdapter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PeftDirectoryTests {
  private static final Lora LORA =
      new Lora(2, 4, 0.05, new TargetModules.Names(List.of("q_proj", "down_proj")));

  @TempDir Path temp;
  private Path base;

  @BeforeEach
  void writeBase() throws IOException {
    base = Files.createDirectories(temp.resolve("base"));
    Files.writeString(
        base.resolve("config.json"),
        """
        {"model_type": "llama", "hidden_size": 8, "intermediate_size": 12, "vocab_size": 11,
         "num_hidden_layers": 1, "num_attention_heads": 2, "tie_word_embeddings": true,
         "dtype": "bfloat16"}\
        """);
    Files.writeString(base.resolve("tokenizer.json"), "{}");
    try (ModelDirectory model = ModelDirectory.open(base)) {
      SafetensorsWriter.write(
          base.resolve("model.safetensors"), parameters(model.config(), Dtype.BF16));
    }
  }

  @Test
  void theAdapterReadsBackAsItWasWritten() throws IOException {
    Path out = write("out");
    try (SavedAdapter read = SavedAdapter.read(out)) {
      TargetModules sorted = new TargetModules.Names(List.of("down_proj", "q_proj"));
      assertThat(read.method()).isEqualTo(new Lora(2, 4, 0.05, sorted));
      assertThat(read.tensors())
          .extracting(NamedTensor::name)
          .containsExactlyInAnyOrder(
              "base_model.model.model.layers.0.mlp.down_proj.lora_A.weight",
              "base_model.model.model.layers.0.mlp.down_proj.lora_B.weight",
              "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
              "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight");
      assertThat(read.tensors().get(1).shape()).containsExactly(8, 2);
    }
    assertThat(out.resolve("tokenizer.json")).exists();
    assertThat(Files.readString(out.resolve("README.md")))
        .contains(
            "from_pretrained(\"path or name of the base model\", dtype=\"float32\")",
            "| property | value |",
            "| Steps | 20 |",
            "| program | verdict | reasons |");
    assertThat(Files.readString(out.resolve("adapter_config.json")))
        .startsWith("{\n  \"alora_invocation_tokens\": null,\n  \"alpha_pattern\": {},\n")
        .contains("\"lora_alpha\": 4,\n  \"lora_bias\": false,\n  \"lora_dropout\": 0.05,")
        .contains("\"target_modules\": [\n    \"down_proj\",\n    \"q_proj\"\n  ],");
  }

  @Test
  void equalInputsGiveEqualBytes() throws IOException {
    Path one = write("one");
    Path two = write("two");
    try (var files = Files.list(one)) {
      for (Path file : files.toList()) {
        assertThat(Files.mismatch(file, two.resolve(file.getFileName()))).isEqualTo(-1);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"peft_type\": \"LORA\"|\"peft_type\": \"LOHA\"|peft_type: must be one of",
        "\"use_qalora\": false|\"use_qalora\": true|use_qalora: is not supported yet",
        "\"bias\": \"none\"|\"bias\": \"some\"|bias: must be one of none, all, lora_only",
        "\"init_lora_weights\": true|\"init_lora_weights\": \"pissa_niter_4\"|fits only a changed base",
        "\"revision\": null|\"brand_new\": 1|brand_new: unknown setting",
        "\"r\": 2|\"r\": 0|r: must be a whole number from 1 to 1024",
      })
  void anAdapterThatCannotBeAppliedIsRefused(String from, String to, String message)
      throws IOException {
    Path config = write("out").resolve("adapter_config.json");
    String text = Files.readString(config);
    assertThat(text).contains(from);
    Files.writeString(config, text.replace(from, to));
    assertThatThrownBy(() -> SavedAdapter.read(temp.resolve("out")).close())
        .isInstanceOf(BadModel.class)
        .hasMessageContaining(message);
  }

  @Test
  void randomDamageToAnAdapterIsAlwaysABadModelOrReadable() throws IOException {
    Path out = write("out");
    Random random = new Random(17);
    for (String name : List.of("adapter_config.json", "adapter_model.safetensors")) {
      byte[] good = Files.readAllBytes(out.resolve(name));
      for (int round = 0; round < 200; round++) {
        byte[] bad = Arrays.copyOf(good, good.length - random.nextInt(2) * random.nextInt(40));
        bad[random.nextInt(Math.min(bad.length, 1500))] = (byte) random.nextInt(256);
        Files.write(out.resolve(name), bad);
        try (SavedAdapter read = SavedAdapter.read(out)) {
          assertThat(read.tensors()).isNotEmpty();
        } catch (BadModel e) {
          assertThat(e).hasMessageNotContaining(temp.toString());
        }
      }
      Files.write(out.resolve(name), good);
    }
  }

  @Test
  void aFullResultKeepsTheTypeOfTheBaseOrIsF32() throws IOException {
    try (ModelDirectory model = ModelDirectory.open(base)) {
      List<NamedTensor> trained = parameters(model.config(), Dtype.F32);
      Path half = temp.resolve("half");
      Path single = temp.resolve("single");
      Map<String, String> facts = Map.of();
      CheckpointDirectory.writeTrained(
          half, model, "base", trained, CheckpointDirectory.CheckpointPrecision.AS_BASE, facts);
      CheckpointDirectory.writeTrained(
          single, model, "base", trained, CheckpointDirectory.CheckpointPrecision.F32, facts);
      assertThat(dtype(half)).isEqualTo(Dtype.BF16);
      assertThat(dtype(single)).isEqualTo(Dtype.F32);
      assertThat(Files.readString(single.resolve("config.json")))
          .contains("\"dtype\": \"float32\"");
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatDidNotTrainIsTheBases(CheckpointDirectory.CheckpointPrecision precision) {
    Path out = temp.resolve("out");
    try (ModelDirectory model = ModelDirectory.open(base)) {
      NamedTensor norm = tensor("model.norm.weight", Dtype.F32, 8);
      CheckpointDirectory.writeTrained(out, model, "base", List.of(norm), precision, Map.of());
      try (ModelDirectory written = ModelDirectory.open(out)) {
        for (ModelConfig.Parameter each : model.config().parameters()) {
          float[] stored = model.weights().require(each.name(), each.shape()).toFloats();
          float[] result = written.weights().require(each.name(), each.shape()).toFloats();
          if (each.name().equals(norm.name())) assertThat(result).isNotEqualTo(stored);
          else assertThat(result).containsExactly(stored);
        }
      }
    }
  }

  @Test
  void sixteenBitsRoundToNearestEven() {
    assertThat(Dtype.bfloat16(0x1.01p0f)).isEqualTo((short) 0x3F80);
    assertThat(Dtype.bfloat16(0x1.03p0f)).isEqualTo((short) 0x3F82);
    assertThat(Dtype.bfloat16(Float.MAX_VALUE)).isEqualTo((short) 0x7F80);
    assertThat(Dtype.bfloat16(Float.NaN)).isEqualTo((short) 0x7FC0);
  }

  private static Dtype dtype(Path directory) {
    try (ModelDirectory model = ModelDirectory.open(directory)) {
      return model.check().dtype();
    }
  }

  private Path write(String name) throws IOException {
    Path out = temp.resolve(name);
    try (ModelDirectory model = ModelDirectory.open(base)) {
      List<NamedTensor> factors = new ArrayList<>();
      for (String module : List.of("mlp.down_proj", "self_attn.q_proj")) {
        int in = module.startsWith("mlp") ? 12 : 8;
        String path = "model.layers.0." + module;
        factors.add(tensor("base_model.model." + path + ".lora_A.weight", Dtype.F32, 2, in));
        factors.add(tensor("base_model.model." + path + ".lora_B.weight", Dtype.F32, 8, 2));
      }
      Map<String, String> facts = new LinkedHashMap<>(Map.of("Steps", "20"));
      PeftDirectory.write(out, model, "base", LORA, factors, facts);
    }
    return out;
  }

  private static List<NamedTensor> parameters(ModelConfig config, Dtype dtype) {
    return config.parameters().stream().map(p -> tensor(p.name(), dtype, p.shape())).toList();
  }

  private static NamedTensor tensor(String name, Dtype dtype, long... shape) {
    int bytes = dtype.bytes();
    for (long size : shape) bytes *= (int) size;
    byte[] data = new byte[bytes];
    new Random(name.hashCode()).nextBytes(data);
    for (int i = dtype.bytes() - 1; i < bytes; i += dtype.bytes()) data[i] &= 0x3F; // finite
    return new NamedTensor(
        name, dtype, shape, ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN));
  }
}
