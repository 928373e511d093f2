package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.model.Family;
import dev.graft.model.ModelProgram;
import dev.graft.model.Rewrite;
import dev.graft.model.Tuner;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That the numbers are the same is what golden runs show, under every plan. */
class LastLayerTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");

  private static Family family(String model) {
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve(model))) {
      return Family.of(base.config());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"llama", "gemma3", "qwen2", "gpt2", "gpt-neox", "bert", "roberta", "distilbert"})
  void behindAttentionNothingReadsAllTokens(String model) {
    Family family = family(model);
    List<Statement> layer = family.layer(family.config().numHiddenLayers() - 1);
    Set<String> ofAllTokens = new HashSet<>(Set.of(LayerProgram.INPUT));
    boolean behind = false;
    int picks = 0;
    for (Statement each : LayerProgram.picking(layer)) {
      boolean picking = each instanceof LayerProgram.Pick;
      if (picking) picks++;
      else if (behind) assertThat(each.inputs()).doesNotContainAnyElementsOf(ofAllTokens);
      if (!behind) ofAllTokens.add(each.output());
      behind |= each instanceof Attend;
    }
    assertThat(picks).isEqualTo(2);
  }

  @Test
  void whatIsDroppedAtRandomIsDroppedForAllTokens() {
    assertThat(lastLayer(0)).contains("o_picked");
    assertThat(lastLayer(0.1)).doesNotContain("o_picked").contains("picked = torch.index_select(y");
  }

  private static String lastLayer(double dropout) {
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("llama"))) {
      var lora = new Lora(4, 8, dropout, new TargetModules.AllLinear());
      Rewrite adapter = Tuner.of(lora, base);
      ModelProgram program =
          ModelProgram.of(Family.of(base.config()), adapter, name -> false, name -> null);
      return program.text(program.parts().get(base.config().numHiddenLayers()).program());
    }
  }
}
