package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.spec.AdaLora;
import dev.graft.spec.AdaLora.RankAllocation;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Freeze;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Lora.LoraVariant.Bias;
import dev.graft.spec.Targets;
import dev.graft.spec.Vera;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Starts that golden runs cannot see, as they read theirs. */
class TunedStartTests {
  private static final Path BASE = Path.of("src/main/resources/dev/graft/client/base-model");
  private static final Path CASES = Path.of("src/test/resources/parity/models");
  private static final Targets DEFAULT = new Targets(new TargetModules.FamilyDefault());

  private static List<NamedTensor> start(AdapterMethod method, long seed) {
    try (ModelDirectory base = ModelDirectory.open(BASE)) {
      return Tuner.of(method, base).start(seed);
    }
  }

  private static double[] flat(List<NamedTensor> tensors) {
    return tensors.stream()
        .flatMapToDouble(
            each -> {
              float[] values = each.toFloats();
              return java.util.stream.IntStream.range(0, values.length).mapToDouble(i -> values[i]);
            })
        .toArray();
  }

  private static void assertNormal(double[] values, double deviation) {
    double sum = 0;
    double squares = 0;
    for (double each : values) {
      sum += each;
      squares += each * each;
    }
    double error = 4 * deviation / Math.sqrt(values.length);
    assertThat(sum / values.length).isCloseTo(0, within(error));
    assertThat(Math.sqrt(squares / values.length)).isCloseTo(deviation, within(error));
  }

  @Test
  void factorsOfIa3AreOnesOrStandardNormal() {
    assertThat(flat(start(new Ia3(), 1))).containsOnly(1);
    Ia3 random = new Ia3(DEFAULT, new TargetModules.FamilyDefault(), false, List.of());
    double[] values = flat(start(random, 1));
    assertNormal(values, 1);
    assertThat(flat(start(random, 1))).containsExactly(values);
    assertThat(flat(start(random, 2))).isNotEqualTo(values);
  }

  /** The golden run's own file holds what PEFT drew from its seed. */
  @Test
  void theSharedMatricesOfVeraArePeftsToTheBit() {
    Path saved = CASES.resolveSibling("vera").resolve("init/adapter_model.safetensors");
    Vera method = vera(8, true, 11);
    try (ModelDirectory base = ModelDirectory.open(CASES.resolve("llama"));
        SafetensorsFile file = SafetensorsFile.open(saved)) {
      for (NamedTensor each : Tuner.of(method, base).frozen(1)) {
        MappedTensor expected = Objects.requireNonNull(file.find("base_model." + each.name()));
        assertThat(each.shape()).isEqualTo(expected.shape());
        assertThat(each.toFloats()).containsExactly(expected.toFloats());
      }
    }
  }

  @Test
  void theVectorsOfVeraAreConstantOrRandom() {
    for (NamedTensor each : start(vera(8, true, 0), 1)) {
      assertThat(each.toFloats()).containsOnly(each.name().endsWith("_d") ? 0.1f : 0);
    }
    List<NamedTensor> random = start(vera(64, false, 0), 1);
    for (NamedTensor each : random) {
      if (each.name().endsWith("_b")) assertThat(each.toFloats()).containsOnly(1);
    }
    assertNormal(flat(random.stream().filter(t -> t.name().endsWith("_d")).toList()), 1);
  }

  @Test
  void factorsOfAdaLoraStartSmallAndWithoutAnyEffect() {
    RankAllocation ranks = new RankAllocation(12, 8, 0, 0, 1, 10, 0.85, 0.85, 0.5);
    List<NamedTensor> start = start(adaLora(ranks, true), 1);
    for (NamedTensor each : start) {
      if (each.name().endsWith("_E")) assertThat(each.toFloats()).containsOnly(0);
    }
    assertNormal(flat(start.stream().filter(t -> !t.name().endsWith("_E")).toList()), 0.02);
    assertNormal(flat(start(adaLora(ranks, false), 1)), 1);
  }

  private static AdaLora adaLora(RankAllocation ranks, boolean init) {
    return new AdaLora(ranks, 8, 8, 0, DEFAULT, init, Bias.NONE, new TreeMap<>(), List.of());
  }

  @Test
  void aRankPatternOfAnotherModelIsRefused() {
    RankAllocation ranks = new RankAllocation(1, 1, 0, 0, 1, 10, 0.85, 0.85, 0.5);
    TreeMap<String, List<Boolean>> left = new TreeMap<>(Map.of("x.lora_E", List.of(false)));
    AdaLora method = new AdaLora(ranks, 8, 8, 0, DEFAULT, true, Bias.NONE, left, List.of());
    assertThatThrownBy(() -> start(method, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("rank_pattern: 'x.lora_E' is not an adapted module");
  }

  private static Vera vera(int r, boolean init, int key) {
    Targets all = new Targets(new TargetModules.AllLinear());
    return new Vera(r, all, 0, 0.1, init, Bias.NONE, key, true, List.of());
  }

  @Test
  void aFamilyWithoutDefaultsAsksForNames() {
    Path olmo = Path.of("src/test/resources/dev/graft/weights/families/olmo2");
    try (ModelDirectory base = ModelDirectory.open(olmo)) {
      assertThatThrownBy(() -> Tuner.of(new Ia3(), base))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("target_modules: PEFT has no default for a model of type olmo2");
    }
  }

  @Test
  void normsAndOnlyNormsTrain() {
    try (ModelDirectory base = ModelDirectory.open(BASE)) {
      Tuner tuner = Tuner.of(new LnTuning(), base);
      assertThat(tuner.slots())
          .extracting(Slot::name)
          .hasSize(2 * base.config().numHiddenLayers() + 1)
          .allMatch(name -> name.endsWith("norm.weight"));
      assertThat(tuner.start(1)).isEmpty();
      Targets linear = new Targets(new TargetModules.Names(List.of("norm", "q_proj")));
      assertThatThrownBy(() -> Tuner.of(new LnTuning(linear, List.of()), base))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("target_modules: 'model.layers.0.self_attn.q_proj' is not a norm");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama, model.layers.1.input_layernorm.weight, lm_head.weight",
    "llama-tied, model.layers.1.input_layernorm.weight, model.norm.weight",
    "gpt2, transformer.h.1.ln_1.weight, transformer.ln_f.bias",
    "bert, bert.encoder.layer.1.attention.self.query.weight, classifier.bias"
  })
  void theLastLayersAndWhatComesAfterThemTrain(String family, String first, String last) {
    try (ModelDirectory base = ModelDirectory.open(CASES.resolve(family))) {
      List<Slot> slots = Tuner.of(new Freeze(1, List.of()), base).slots();
      assertThat(slots.getFirst().name()).isEqualTo(first);
      assertThat(slots.getLast().name()).isEqualTo(last);
      assertThat(slots).extracting(Slot::name).doesNotContain(base.config().inputEmbedding());
    }
  }

  @Test
  void whatTheBaseDoesNotHaveCannotBeFrozenAround() {
    try (ModelDirectory base = ModelDirectory.open(CASES.resolve("llama"))) {
      assertThatThrownBy(() -> Tuner.of(new Freeze(3, List.of()), base))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("trainable_layers: 3 is more than the 2 layers of the base");
      assertThatThrownBy(() -> Tuner.of(new Freeze(0, List.of("transformer.")), base))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("trainable_prefixes: no parameter name starts with 'transformer.'");
    }
  }
}
