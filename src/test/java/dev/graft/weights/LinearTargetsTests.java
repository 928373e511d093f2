package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.PythonPattern;
import dev.graft.spec.Targets;
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
            select(
                new Targets(
                    new TargetModules.Names(List.of("v_proj", "model.layers.0.mlp.up_proj")))))
        .extracting(ModelConfig.Linear::path)
        .containsExactly(
            "model.layers.0.self_attn.v_proj",
            "model.layers.0.mlp.up_proj",
            "model.layers.1.self_attn.v_proj");
  }

  @Test
  void aNameWithoutALayerIsRefused() {
    assertThatThrownBy(() -> select(new Targets(new TargetModules.Names(List.of("c_attn")))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'c_attn' matches no module; the linear layers are [q_proj, k_proj");
    assertThatThrownBy(() -> select(new Targets(new TargetModules.Names(List.of("lm_head")))))
        .hasMessageContaining("'lm_head' is not supported");
    assertThatThrownBy(() -> select(new Targets(pattern("q_proj"))))
        .hasMessageContaining("does not match the whole path of any module");
    assertThatThrownBy(() -> select(new Targets(pattern(".*norm"))))
        .hasMessageContaining("layernorm' is not supported");
  }

  @Test
  void excludedAndSavedModulesAreLeftOut() {
    Targets targets =
        new Targets(
            pattern(".*\\.(q_proj|v_proj|down_proj)"),
            new TargetModules.Names(List.of("layers.0.mlp.down_proj", "v_proj")),
            List.of(),
            List.of());
    assertThat(select(targets))
        .extracting(ModelConfig.Linear::path)
        .containsExactly(
            "model.layers.0.self_attn.q_proj",
            "model.layers.1.self_attn.q_proj",
            "model.layers.1.mlp.down_proj");
    assertThat(LinearTargets.select(targets, List.of("layers.1"), layers(2)))
        .extracting(ModelConfig.Linear::path)
        .containsExactly("model.layers.0.self_attn.q_proj");
  }

  @Test
  void layersAreSelectedByTheirNumber() {
    TargetModules names = new TargetModules.Names(List.of("q_proj"));
    for (List<String> pattern :
        List.of(List.<String>of(), List.of("layers"), List.of("h", "layers"))) {
      assertThat(select(new Targets(names, Targets.NONE, List.of(1), pattern)))
          .extracting(ModelConfig.Linear::path)
          .containsExactly("model.layers.1.self_attn.q_proj");
    }
    assertThatThrownBy(() -> select(new Targets(names, Targets.NONE, List.of(1), List.of("h"))))
        .hasMessageContaining("no module remains");
  }

  @Test
  void nullMeansTheModulesOfTheFamily() {
    assertThat(LinearTargets.saved(new TargetModules.FamilyDefault(), layers(2)))
        .isEqualTo(List.of("q_proj", "v_proj"));
    assertThat(select(new Targets(new TargetModules.FamilyDefault()))).hasSize(4);
  }

  private static List<ModelConfig.Linear> select(Targets targets) {
    return LinearTargets.select(targets, List.of(), layers(2));
  }

  private static TargetModules pattern(String text) {
    return new TargetModules.Pattern(new PythonPattern(text));
  }

  private static ModelConfig layers(int count) {
    ObjectNode config = TinyModels.config().put("num_hidden_layers", count);
    return ConfigReader.read(new JsonFields("config.json", "", config), null);
  }
}
