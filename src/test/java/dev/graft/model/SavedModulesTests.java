package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.spec.Bottleneck;
import dev.graft.spec.Bottleneck.InitWeights;
import dev.graft.spec.Bottleneck.NonLinearity;
import dev.graft.spec.Bottleneck.Variant;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SavedModulesTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");
  private static final String TABLE = "model.embed_tokens.weight";
  private static final String OUTPUT = "lm_head.weight";

  @Test
  void ofATiedTableTheSideThatIsNotNamedKeepsTheBasesValues() {
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("llama-tied"))) {
      SavedModules input = SavedModules.of(List.of("embed_tokens"), base);
      assertThat(input.slots()).extracting(Slot::name).containsExactly(TABLE);
      assertThat(input.frozen(1)).extracting(NamedTensor::name).containsExactly(OUTPUT);
      assertThat(input.output(TABLE)).isEqualTo(OUTPUT);
      SavedModules output = SavedModules.of(List.of("lm_head"), base);
      assertThat(output.slots()).extracting(Slot::name).containsExactly(OUTPUT);
      assertThat(output.startsAs()).isEqualTo(Map.of(OUTPUT, TABLE));
      assertThat(output.frozen(1)).isEmpty();
      assertThat(output.output(TABLE)).isEqualTo(OUTPUT);
    }
  }

  @Test
  void bottleneckAdaptersHaveThemBesideThem() {
    Bottleneck method =
        new Bottleneck(
            Variant.PFEIFFER, 4, NonLinearity.RELU, 1, InitWeights.BERT, 0.02, List.of("lm_head"));
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("llama-tied"))) {
      Tuner tuner = Tuner.of(method, base);
      assertThat(tuner.slots()).extracting(Slot::name).hasSize(9).last().isEqualTo(OUTPUT);
      assertThat(tuner.output(TABLE)).isEqualTo(OUTPUT);
      assertThat(tuner.startsAs()).isEqualTo(Map.of(OUTPUT, TABLE));
    }
  }

  @Test
  void aTiedTableThatBecomesTwoCannotBeMerged() {
    try (ModelDirectory tied = ModelDirectory.open(MODELS.resolve("llama-tied"));
        ModelDirectory untied = ModelDirectory.open(MODELS.resolve("llama"))) {
      assertThat(SavedModules.of(List.of("embed_tokens"), tied).unmergeable())
          .contains("modules_to_save", "would be two in the result");
      assertThat(SavedModules.of(List.of("lm_head"), tied).unmergeable()).isNotNull();
      assertThat(SavedModules.of(List.of("o_proj"), tied).unmergeable()).isNull();
      assertThat(SavedModules.of(List.of("embed_tokens"), untied).unmergeable()).isNull();
    }
  }
}
