package dev.graft.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.weights.Dtype;
import dev.graft.weights.Families;
import dev.graft.weights.GgufBytes;
import dev.graft.weights.LlamaCppModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Beside what llama.cpp's Python package says: quality/golden_gguf_base.py. */
class GgufTensorsTests {
  private static final int BLOCKS = 3;
  private static final JsonNode GOLDEN = golden();

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource(
      value = GgmlType.class,
      mode = Mode.EXCLUDE,
      names = {"F32", "F16", "BF16"})
  void blocksAreTheNumbersOfGgmlToTheBit(GgmlType type) throws IOException {
    JsonNode golden = GOLDEN.path("types").path(type.name());
    byte[] blocks = Base64.getDecoder().decode(golden.path("blocks").stringValue());
    byte[] expected = Base64.getDecoder().decode(golden.path("numbers").stringValue());
    int number = number(type);
    GgufBytes file = new GgufBytes().tensor("x", number, blocks, BLOCKS, type.elements);
    try (GgufFile gguf = GgufFile.open(written(file))) {
      GgufFile.GgufTensor tensor = Objects.requireNonNull(gguf.find("x"));
      assertThat(tensor.dtype()).isEqualTo(Dtype.F32);
      assertThat(tensor.values().byteSize()).isEqualTo(expected.length);
      assertThat(bytes(tensor, 0, expected.length)).isEqualTo(expected);
      int from = 4 * (type.elements - 3);
      assertThat(bytes(tensor, from, 4 * type.elements))
          .as("across blocks")
          .isEqualTo(Arrays.copyOfRange(expected, from, from + 4 * type.elements));
    }
  }

  @ParameterizedTest
  @CsvSource({"0, F32, 4", "1, F16, 2", "30, BF16, 2"})
  void plainNumbersStayAsTheyAre(int number, Dtype dtype, int width) throws IOException {
    byte[] bytes = new byte[6 * width];
    for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (37 * i);
    GgufBytes file = new GgufBytes().version(2).tensor("x", number, bytes, 2, 3);
    try (GgufFile gguf = GgufFile.open(written(file))) {
      GgufFile.GgufTensor tensor = Objects.requireNonNull(gguf.find("x"));
      assertThat(tensor.dtype()).isEqualTo(dtype);
      assertThat(tensor.shape()).containsExactly(2, 3);
      assertThat(bytes(tensor, 0, bytes.length)).isEqualTo(bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama", "qwen2", "qwen3", "granite", "smollm3", "gemma", "gemma2", "gemma3", "olmo2"
      })
  void everyParameterIsNamedAsLlamaCppNamesIt(String family) {
    ModelConfig config = Families.read(family);
    LlamaCppModel model = Objects.requireNonNull(LlamaCppModel.of(config));
    JsonNode names = GOLDEN.path("names").path(family);
    assertThat(config.parameterNames())
        .filteredOn(each -> each.endsWith(".weight") && !each.matches(".*layers\\.[2-9].*"))
        .hasSizeGreaterThanOrEqualTo(20)
        .allSatisfy(
            each -> assertThat(model.parameter(each)).isEqualTo(names.path(each).asString("")));
  }

  @Test
  void biasesAreNamedBesideTheirWeights() {
    ModelConfig config = Families.read("qwen2");
    assertThat(
            Objects.requireNonNull(LlamaCppModel.of(config))
                .parameter("model.layers.1.self_attn.k_proj.bias"))
        .isEqualTo("blk.1.attn_k.bias");
  }

  private Path written(GgufBytes file) throws IOException {
    return Files.write(directory.resolve("a.gguf"), file.bytes());
  }

  private static byte[] bytes(GgufFile.GgufTensor tensor, int from, int length) {
    byte[] bytes = new byte[length];
    tensor.values().copyTo(from, MemorySegment.ofArray(bytes));
    return bytes;
  }

  private static int number(GgmlType type) {
    for (int number = 0; number < 64; number++) {
      if (GgmlType.numbered(number) == type) return number;
    }
    throw new AssertionError(type);
  }

  private static JsonNode golden() {
    try (InputStream in = GgufTensorsTests.class.getResourceAsStream("base.json")) {
      return TinyModels.JSON.readTree(Objects.requireNonNull(in).readAllBytes());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
