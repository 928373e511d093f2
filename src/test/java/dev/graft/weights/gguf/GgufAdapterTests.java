package dev.graft.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.graft.weights.AdapterCard;
import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.Families;
import dev.graft.weights.GgufContents;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Beside what llama.cpp's script made of the same adapters: quality/golden_gguf.py. */
class GgufAdapterTests {
  private static final int RANK = 3;
  private static final AdapterCard CARD = new AdapterCard("a", Map.of(), Map.of());

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama",
        "llama31",
        "mistral",
        "qwen2",
        "qwen3",
        "gemma",
        "gemma2",
        "gemma3",
        "phi3",
        "olmo2",
        "granite",
        "smollm3",
        "gpt-neox"
      })
  void everyFamilysAdapterIsTheFileOfLlamaCppsScript(String family) throws IOException {
    JsonNode golden = golden(family);
    Path source = Files.createDirectory(directory.resolve("adapter"));
    Files.writeString(source.resolve("README.md"), golden.get("card").stringValue());
    Files.writeString(
        source.resolve("generation_config.json"), golden.get("generation").toString());
    List<String> more = new ArrayList<>();
    golden.get("modules").forEach(each -> more.add(each.stringValue()));
    ModelConfig base = Families.read(family);
    Path file = directory.resolve("adapter.gguf");
    GgufAdapter.write(
        file,
        base,
        golden.get("alpha").doubleValue(),
        adapter(base, more),
        AdapterCard.read(source, golden.get("name").stringValue()),
        Dtype.valueOf(golden.get("type").stringValue().toUpperCase(Locale.ROOT)));
    GgufContents written = GgufContents.read(file);
    assertThat(written.fields()).containsExactlyElementsOf(fields(golden));
    assertThat(written.tensors()).containsExactlyElementsOf(texts(golden.get("tensors")));
    assertThat(GgufContents.sha256(Files.readAllBytes(file)))
        .isEqualTo(golden.get("sha256").stringValue());
  }

  @Test
  void namesTellWhatLlamaCppReadsFromThem() {
    for (JsonNode row : golden("names")) {
      String name = row.get(0).stringValue();
      GgufMetadata.ModelIdComponents id =
          GgufMetadata.ModelIdComponents.of(name, row.get(1).longValue());
      assertThat(
              Arrays.asList(
                  id.name(),
                  id.organization(),
                  id.basename(),
                  id.finetune(),
                  id.version(),
                  id.sizeLabel(),
                  GgufMetadata.ModelIdComponents.title(name)))
          .as(row.toString())
          .containsExactlyElementsOf(texts(row).subList(2, 9));
    }
  }

  @Test
  void aNumberBeyondF16StaysWhatItIs() throws IOException {
    List<NamedTensor> factors = adapter(Families.read("llama"), List.of());
    NamedTensor first = factors.getFirst();
    float[] values = first.toFloats();
    values[1] = 70000;
    factors.set(0, NamedTensor.of(first.name(), values, first.shape()));
    Path file = write(factors, "llama", Dtype.F16);
    assertThat(GgufContents.read(file).tensors())
        .filteredOn(each -> each.contains(" F32 "))
        .singleElement()
        .asString()
        .startsWith("blk.0.ffn_down.weight.lora_a F32 [3, 64] ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "bert"})
  void aBaseThatLlamaCppTakesNoAdaptersOfIsRefused(String family) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> write(adapter(Families.read("llama"), List.of()), family, Dtype.F32))
        .withMessage("llama.cpp does not support adapters for " + family);
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void factorsThatAreNoPairsAreRefused() {
    List<NamedTensor> factors = adapter(Families.read("llama"), List.of());
    List<NamedTensor> alone = new ArrayList<>(factors);
    alone.removeLast();
    refused(alone, "model.layers.1.self_attn.v_proj has only one LoRA factor");
    List<NamedTensor> other = new ArrayList<>(factors);
    other.set(0, NamedTensor.of(factors.getFirst().name(), new float[128], 2, 64));
    refused(other, "model.layers.0.mlp.down_proj: the shapes of the LoRA factors do not match");
    List<NamedTensor> vector = new ArrayList<>(factors);
    vector.add(NamedTensor.of("base_model.model.x.lora_magnitude_vector", new float[2], 2));
    refused(vector, "tensor base_model.model.x.lora_magnitude_vector is not a LoRA factor");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> write(factors, "llama", Dtype.I8))
        .withMessageContaining("not F32, F16 or BF16");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aModuleThatLlamaCppDoesNotHaveIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> write(adapter(Families.read("llama"), List.of()), "gpt-neox", Dtype.F32))
        .withMessage("llama.cpp has no name for model.layers.0.mlp.down_proj");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a: [", "a: &x [1]\nb: *x", "a: !!java.net.URL [x]", "{{{{{{{{{{{{{{{{{{{{"})
  void aCardThatCannotBeReadIsRefused(String matter) throws IOException {
    Files.writeString(directory.resolve("README.md"), "---\n" + matter + "\n---\n");
    assertThatExceptionOfType(BadModel.class)
        .isThrownBy(() -> AdapterCard.read(directory, "a"))
        .withMessage("README.md: the front matter is not valid YAML");
  }

  @Test
  void aFileThatCannotBeWrittenLeavesNothing() {
    Path file = directory.resolve("none/adapter.gguf");
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(
            () ->
                GgufAdapter.write(
                    file,
                    Families.read("llama"),
                    1,
                    adapter(Families.read("llama"), List.of()),
                    CARD,
                    Dtype.F32))
        .withMessage("cannot write adapter.gguf");
  }

  private void refused(List<NamedTensor> factors, String why) {
    assertThatExceptionOfType(BadModel.class)
        .isThrownBy(() -> write(factors, "llama", Dtype.F32))
        .withMessage(why);
  }

  private Path write(List<NamedTensor> factors, String family, Dtype type) {
    Path file = directory.resolve("adapter.gguf");
    GgufAdapter.write(file, Families.read(family), 1, factors, CARD, type);
    return file;
  }

  /** What quality/golden_gguf.py gave to llama.cpp. */
  private static List<NamedTensor> adapter(ModelConfig base, List<String> more) {
    Map<String, long[]> shapes = new TreeMap<>();
    for (ModelConfig.Linear each : base.linearModules()) {
      shapes.put(each.path() + ".lora_A.weight", new long[] {RANK, each.inFeatures()});
      shapes.put(each.path() + ".lora_B.weight", new long[] {each.outFeatures(), RANK});
    }
    for (String path : more) {
      boolean table = base.inputEmbedding().equals(path + ".weight");
      long in = table ? base.vocabSize() : base.hiddenSize();
      long out = table ? base.hiddenSize() : base.vocabSize();
      shapes.put(path + (table ? ".lora_embedding_A" : ".lora_A.weight"), new long[] {RANK, in});
      shapes.put(path + (table ? ".lora_embedding_B" : ".lora_B.weight"), new long[] {out, RANK});
    }
    List<NamedTensor> tensors = new ArrayList<>();
    shapes.forEach(
        (name, shape) -> {
          float[] values = new float[(int) (shape[0] * shape[1])];
          for (int k = 0; k < values.length; k++) {
            values[k] = (float) (((k * 37 + tensors.size() * 101) % 2003 - 1001) / 3000.0);
          }
          tensors.add(NamedTensor.of("base_model.model." + name, values, shape));
        });
    return tensors;
  }

  private static List<List<Object>> fields(JsonNode golden) {
    List<List<Object>> fields = new ArrayList<>();
    for (JsonNode each : golden.get("fields")) {
      JsonNode value = each.get(2);
      String type = each.get(1).stringValue();
      Object read =
          switch (type) {
            case "FLOAT32" -> (float) value.doubleValue();
            case "UINT32", "INT32" -> value.intValue();
            case "TEXTS" -> texts(value);
            default -> value.stringValue();
          };
      fields.add(List.of(each.get(0).stringValue(), type, read));
    }
    return fields;
  }

  private static List<String> texts(JsonNode list) {
    return Stream.of(list)
        .flatMap(node -> node.valueStream())
        .map(node -> node.isNull() ? null : node.asString())
        .toList();
  }

  private static JsonNode golden(String name) {
    try (InputStream in = GgufAdapterTests.class.getResourceAsStream(name + ".json")) {
      return TinyModels.JSON.readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
