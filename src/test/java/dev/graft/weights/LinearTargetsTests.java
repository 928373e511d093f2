package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/** Expected lists are those of PEFT 0.21.2 for the same models and requests. */
class LinearTargetsTests {
  private static final TargetModules ALL = new TargetModules.AllLinear();

  @Test
  void allLinearIsSavedAsPathsWhileFewerThanTwenty() {
    assertThat(LinearTargets.saved(ALL, layers(2)))
        .hasSize(14)
        .startsWith("model.layers.0.mlp.down_proj", "model.layers.0.mlp.gate_proj")
        .endsWith("model.layers.1.self_attn.v_proj");
  }

  @Test
  void allLinearIsSavedAsSuffixesFromTwentyOn() {
    assertThat(LinearTargets.saved(ALL, layers(3)))
        .containsExactly(
            "down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj");
  }

  @Test
  void aLongListThatLeavesModulesOutKeepsThemOut() {
    List<String> paths =
        new ArrayList<>(layers(3).linearModules().stream().map(ModelConfig.Linear::path).toList());
    paths.remove("model.layers.0.mlp.gate_proj");
    assertThat(LinearTargets.saved(new TargetModules.Names(paths), layers(3)))
        .containsExactly(
            "1.mlp.gate_proj",
            "2.mlp.gate_proj",
            "down_proj",
            "k_proj",
            "o_proj",
            "q_proj",
            "up_proj",
            "v_proj");
  }

  @Test
  void aLongListThatCannotBeShortenedStays() {
    List<String> paths =
        IntStream.range(1, 24).mapToObj(i -> "model.layers." + i + ".self_attn.q_proj").toList();
    assertThat(LinearTargets.saved(new TargetModules.Names(paths), layers(24)))
        .containsExactlyInAnyOrderElementsOf(paths);
  }

  @Test
  void namesSelectByPathOrSuffixInForwardOrder() {
    assertThat(
            LinearTargets.select(
                new TargetModules.Names(List.of("v_proj", "model.layers.0.mlp.up_proj")),
                layers(2)))
        .extracting(ModelConfig.Linear::path)
        .containsExactly(
            "model.layers.0.self_attn.v_proj",
            "model.layers.0.mlp.up_proj",
            "model.layers.1.self_attn.v_proj");
  }

  @Test
  void aNameWithoutALayerIsRefused() {
    assertThatThrownBy(
            () -> LinearTargets.select(new TargetModules.Names(List.of("c_attn")), layers(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'c_attn' matches no linear layer; the model has [q_proj, k_proj");
    assertThatThrownBy(
            () -> LinearTargets.select(new TargetModules.Names(List.of("lm_head")), layers(1)))
        .hasMessageContaining("not supported yet");
  }

  private static ModelConfig layers(int count) {
    ObjectNode config = TinyModels.config().put("num_hidden_layers", count);
    return ConfigReader.read(new JsonFields("config.json", "", config), null);
  }
}
