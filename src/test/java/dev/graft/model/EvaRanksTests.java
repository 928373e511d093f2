package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.model.EvaStart.EvaRanks;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraExtras;
import dev.graft.spec.Lora.LoraPatterns;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.LoraInit.Eva;
import dev.graft.spec.Targets;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class EvaRanksTests {
  private static final String LAYER = "model.layers.0.";
  private static final List<List<String>> GROUPS = List.of(List.of("q", "k"), List.of("o"));

  private static Lora lora(int r, double rho, boolean adjusts, LoraPatterns patterns) {
    return new Lora(
        r,
        12,
        0.1,
        new Targets(new TargetModules.Names(List.of("q_proj", "o_proj", "embed_tokens"))),
        new Eva(rho, 0.99, true, -100, false, adjusts),
        LoraVariant.PLAIN,
        patterns,
        LoraExtras.NONE);
  }

  private static EvaRanks ranks(Lora method) {
    return new EvaRanks(method, (Eva) method.initLoraWeights(), GROUPS);
  }

  private static LoraPatterns rankOf(String module, int rank) {
    return new LoraPatterns(new TreeMap<>(Map.of(module, rank)), new TreeMap<>());
  }

  @Test
  void aGroupLooksForTheLargestOfItsRanksTimesRhoRoundedToEven() {
    EvaRanks even = ranks(lora(3, 1.5, true, rankOf("k", 5)));
    assertThat(even.directions(List.of("q"))).isEqualTo(4);
    assertThat(even.directions(List.of("q", "k"))).isEqualTo(8);
    assertThat(even.most()).isEqualTo(Map.of("q", 8, "k", 8, "o", 4));
    assertThat(ranks(lora(5, 1.3, true, LoraPatterns.NONE)).directions(List.of("o"))).isEqualTo(6);
  }

  @Test
  void whatExplainsMostGetsTheRanksOfAllModules() {
    EvaRanks two = ranks(lora(2, 2, true, LoraPatterns.NONE));
    double[] steep = {0.9, 0.05, 0.03, 0.01};
    double[] flat = {0.3, 0.25, 0.2, 0.15};
    assertThat(two.shared(List.of(steep, flat))).isEqualTo(Map.of("q", 1, "k", 1, "o", 4));
    assertThat(two.shared(List.of(flat, new double[] {0.1, 0.1, 0.1, 0.1})))
        .isEqualTo(Map.of("q", 3, "k", 3, "o", 0));
  }

  /** PEFT's sort and its rule: a group's first module is the one whose directions are watched. */
  @Test
  void ofEqualDirectionsTheFirstModulesComesFirst() {
    EvaRanks uneven = ranks(lora(2, 2, true, rankOf("o", 1)));
    double[] group = {0.5, 0.4, 0.3, 0.2};
    assertThat(uneven.shared(List.of(group, new double[] {0.1, 0.1})))
        .isEqualTo(Map.of("q", 3, "k", 2, "o", 0));
  }

  @Test
  void theMethodNamesEveryModuleAndWhatDiffers() {
    Map<String, Integer> found =
        Map.of(
            LAYER + "self_attn.q_proj",
            4,
            LAYER + "self_attn.o_proj",
            0,
            "model.layers.1.self_attn.q_proj",
            3);
    try (ModelDirectory base =
        ModelDirectory.open(Path.of("src/test/resources/parity/models/llama"))) {
      Lora asked = lora(3, 2, true, rankOf("1.self_attn.o_proj", 5));
      Lora learned = new EvaStart.LearnedRanks(found).method(asked, base.config());
      assertThat(learned.targets().targetModules())
          .isEqualTo(
              new TargetModules.Names(
                  List.of(
                      "model.embed_tokens",
                      LAYER + "self_attn.q_proj",
                      "model.layers.1.self_attn.q_proj",
                      "model.layers.1.self_attn.o_proj")));
      assertThat(learned.patterns().rankPattern())
          .isEqualTo(Map.of(LAYER + "self_attn.q_proj", 4, "model.layers.1.self_attn.o_proj", 5));
      assertThat(learned.patterns().alphaPattern())
          .isEqualTo(Map.of(LAYER + "self_attn.q_proj", 12 * (4.0 / 3)));
      assertThat(learned.scale(LAYER + "self_attn.q_proj")).isEqualTo(4);
      assertThat(learned.initLoraWeights()).isEqualTo(asked.initLoraWeights());
      Lora same =
          new EvaStart.LearnedRanks(found)
              .method(lora(3, 2, false, LoraPatterns.NONE), base.config());
      assertThat(same.patterns().alphaPattern()).isEmpty();
      assertThat(same.scale(LAYER + "self_attn.q_proj")).isEqualTo(3);
    }
  }
}
