package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.spec.TrainingSpec;
import dev.graft.tiny.TinyLlama;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** Counted by hand from the shapes of a small Llama. */
class TrainedPartsTests {
  @TempDir Path directory;
  private ModelConfig config;

  @BeforeEach
  void aBase() throws Exception {
    TinyLlama.write(directory.resolve("base"), 1);
    try (ModelDirectory model = ModelDirectory.open(directory.resolve("base"))) {
      config = model.config();
    }
  }

  private TrainedParts of(String adapter) {
    return TrainedParts.of(
        directory.resolve("base"),
        TrainingSpec.resolve(JsonMapper.shared().readTree(adapter), null, null, null),
        RowSizes.UNKNOWN);
  }

  @Test
  void loraHasTwoFactorsBesideEachLinearLayer() {
    long sizes =
        config.linearModules().stream().mapToLong(m -> m.inFeatures() + m.outFeatures()).sum();
    TrainedParts parts = of("{\"peft\": {\"r\": 4}}");
    assertThat(parts.parameters()).isEqualTo(4 * sizes);
    assertThat(parts.modules())
        .containsExactlyElementsOf(
            config.linearModules().stream().map(ModelConfig.Linear::path).toList());
    assertThat(of("{\"peft\": {\"target_modules\": [\"q_proj\"]}}").modules())
        .hasSize(config.numHiddenLayers())
        .allMatch(path -> path.endsWith("q_proj"));
  }

  @Test
  void fullTrainsEverythingAndVirtualTokensNoModule() {
    long all =
        config.parameters().stream()
            .mapToLong(p -> Arrays.stream(p.shape()).reduce(1, (a, b) -> a * b))
            .sum();
    assertThat(of("{\"method\": {\"type\": \"full\"}}").parameters()).isEqualTo(all);
    TrainedParts tokens =
        of("{\"peft\": {\"peft_type\": \"PROMPT_TUNING\", \"num_virtual_tokens\": 5}}");
    assertThat(tokens.parameters()).isEqualTo(5L * config.hiddenSize());
    assertThat(tokens.modules()).isEmpty();
  }

  @Test
  void settingsThatDoNotFitAreNamed() {
    assertThatThrownBy(() -> of("{\"peft\": {\"target_modules\": [\"c_attn\"]}}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("target_modules: 'c_attn' matches no module");
    assertThatThrownBy(() -> of("{\"method\": {\"type\": \"freeze\", \"trainable_layers\": 99}}"))
        .hasMessageStartingWith("trainable_layers: ");
  }
}
