package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PresetsTests {
  @ParameterizedTest
  @ValueSource(strings = {"draft", "balanced", "quality", "edge"})
  void everyPresetIsAConfigurationThatAJobTakes(String name) {
    AdapterConfigVersion preset = Presets.named(name).orElseThrow();
    assertThat(AdapterConfigService.resolved(preset).at("/peft/r").intValue()).isPositive();
    assertThat(preset.description()).isNotBlank();
  }

  @Test
  void thereAreNoOthers() {
    assertThat(Presets.ALL).hasSize(4);
    assertThat(Presets.named("fast")).isEmpty();
  }
}
