package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.tiny.TinyMixtral;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TransformersModelTests {
  @TempDir Path directory;

  @BeforeEach
  void aMixture() throws IOException {
    TinyMixtral.write(directory);
  }

  private TransformersModel check() {
    return TransformersModel.check(new DirectoryFiles(directory));
  }

  @Test
  void aMixtureOfExpertsIsOneThatTransformersTrains() {
    assertThat(TransformersModel.is(new DirectoryFiles(directory))).isTrue();
    assertThat(check()).isEqualTo(new TransformersModel("mixtral", 261 * 32 + 4 * 32, 256));
  }

  @Test
  void typesOfGraftsOwnKernelsAreNoneOfThem() {
    assertThat(TransformersModel.types())
        .hasSizeGreaterThan(20)
        .isSorted()
        .allSatisfy(type -> assertThat(ModelType.named(type)).as(type).isNull());
    assertThat(TransformersModel.isType("llama")).isFalse();
  }

  @Test
  void theContextIsReadOfEitherKind() throws IOException {
    byte[] llama = TinyModels.config().toString().getBytes(StandardCharsets.UTF_8);
    assertThat(TransformersModel.contextLength(llama)).isEqualTo(64);
    byte[] mixtral = Files.readAllBytes(directory.resolve("config.json"));
    assertThat(TransformersModel.contextLength(mixtral)).isEqualTo(256);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ["MixtralForCausalLM"] | ["MixtralModel"]      | architectures is ["MixtralModel"], not [MixtralForCausalLM]
          "vocab_size": 261      | "vocab_size": 260     | embed_tokens.weight has shape [261, 32]
          "hidden_size": 32,     |                       | hidden_size is missing
          256}                   | 0}                    | max_position_embeddings is 0
          256}                   | 256, "quantization_config": {"quant_method": "fp8"}} | quantization_config shows
          """)
  void whatItsConfigurationGetsWrongIsSaid(String from, String to, String said) throws IOException {
    String other = TinyMixtral.CONFIG.replace(from, to == null ? "" : to);
    Files.writeString(directory.resolve("config.json"), other);
    assertThatThrownBy(this::check).isInstanceOf(BadModel.class).hasMessageContaining(said);
  }

  @Test
  void weightsThatAreNoFloatingPointNumbersAreRefused() {
    TinyMixtral.weights(directory, Dtype.I8);
    assertThatThrownBy(this::check)
        .isInstanceOf(BadModel.class)
        .hasMessageContaining("block_sparse_moe.gate.weight is I8");
  }
}
