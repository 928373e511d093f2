package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.model.Slot;
import dev.graft.model.Tuner;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.weights.LoaderRules;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** The plain form of an adapter changes the base as the adapter does. */
class PlainFormTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");

  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "llama|{\"peft_type\":\"LORA\",\"r\":4,\"use_rslora\":true,\"target_modules\":[\"q_proj\",\"up_proj\"]}",
        "llama|{\"peft_type\":\"LORA\",\"r\":4,\"rank_pattern\":{\"q_proj\":6},\"alpha_pattern\":{\"up_proj\":3},\"target_modules\":[\"q_proj\",\"up_proj\"]}",
        "llama|{\"peft_type\":\"LORA\",\"r\":4,\"layers_to_transform\":[1],\"target_modules\":[\"q_proj\"]}",
        "gpt2|{\"peft_type\":\"LORA\",\"r\":4,\"use_rslora\":true,\"target_modules\":[\"c_attn\",\"c_proj\"]}",
        "llama|{\"peft_type\":\"ADALORA\",\"init_r\":3,\"target_r\":2,\"total_step\":9,\"lora_alpha\":5,\"target_modules\":[\"q_proj\",\"up_proj\"],\"rank_pattern\":{\"model.layers.0.self_attn.q_proj.lora_E\":[true,false,true],\"model.layers.1.mlp.up_proj.lora_E\":[false,false,false]}}",
        "llama|{\"peft_type\":\"VERA\",\"r\":40,\"target_modules\":[\"q_proj\",\"down_proj\"]}",
        "llama|{\"peft_type\":\"VERA\",\"r\":3,\"save_projection\":false,\"layers_to_transform\":[1],\"target_modules\":[\"up_proj\"]}",
        "gpt2|{\"peft_type\":\"VERA\",\"r\":5,\"target_modules\":[\"c_attn\",\"c_proj\"]}",
      })
  void everyWeightIsTheSame(String name, String config) {
    AdapterMethod trained = AdapterMethods.fromPeft(new JsonMapper().readTree(config));
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve(name))) {
      List<NamedTensor> tensors = write(base, trained);
      try (SavedAdapter adapter = SavedAdapter.read(temp.resolve("trained"))) {
        PlainForm.write(temp.resolve("plain"), base, name, adapter, Map.of());
      }
      try (SavedAdapter plain = SavedAdapter.read(temp.resolve("plain"))) {
        Lora method = (Lora) plain.method();
        assertThat(method.loraAlpha()).isEqualTo(method.r());
        assertThat(method.variant()).isEqualTo(LoraVariant.PLAIN);
        assertThat(LoaderRules.wantPlainForm(method, base.config())).isFalse();
        Tuner before = Tuner.of(trained, base);
        Tuner after = Tuner.of(method, base);
        for (ModelConfig.Linear each : base.config().linearModules()) {
          String weight = each.path() + ".weight";
          int size = each.inFeatures() * each.outFeatures();
          assertThat(after.merged(weight, new float[size], byName(after.read(plain.tensors()))))
              .as(weight)
              .containsExactly(
                  before.merged(weight, new float[size], all(before, tensors)), within(1e-5f));
        }
      }
    }
  }

  @Test
  void allLayersOfAKindHaveFactors() {
    Lora one =
        (Lora)
            AdapterMethods.fromPeft(
                new JsonMapper()
                    .readTree(
                        "{\"peft_type\":\"LORA\",\"r\":2,\"layers_to_transform\":[1],\"target_modules\":[\"q_proj\"]}"));
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("llama"))) {
      write(base, one);
      try (SavedAdapter adapter = SavedAdapter.read(temp.resolve("trained"))) {
        PlainForm.write(temp.resolve("plain"), base, "llama", adapter, Map.of());
      }
      try (SavedAdapter plain = SavedAdapter.read(temp.resolve("plain"))) {
        Map<String, NamedTensor> tensors = byName(plain.tensors());
        String first = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight";
        assertThat(tensors).hasSize(2 * base.config().numHiddenLayers()).containsKey(first);
        assertThat(tensors.get(first).toFloats()).containsOnly(0f);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"peft_type\":\"VERA\",\"r\":4,\"bias\":\"all\",\"target_modules\":[\"q_proj\"]}",
        "{\"peft_type\":\"ADALORA\",\"total_step\":9,\"modules_to_save\":[\"lm_head\"],\"target_modules\":[\"q_proj\"]}",
        "{\"peft_type\":\"IA3\"}",
      })
  void whatTrainsBesideThemIsNoFactor(String config) {
    AdapterMethod method = AdapterMethods.fromPeft(new JsonMapper().readTree(config));
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("qwen2"))) {
      Tuner tuner = Tuner.of(method, base);
      Map<String, NamedTensor> zeros = new HashMap<>(byName(tuner.frozen(0)));
      for (Slot each : tuner.slots()) {
        zeros.put(
            each.name(), NamedTensor.of(each.name(), new float[(int) each.size()], each.shape()));
      }
      assertThat(tuner.plain(zeros)).isEmpty();
      assertThat(LoaderRules.wantPlainForm(method, base.config())).isFalse();
    }
  }

  @Test
  void whatIsMoreThanFactorsHasNone() {
    Lora biased =
        new Lora(2, 4, 0, new TargetModules.Names(List.of("q_proj")))
            .as(new LoraVariant(false, false, true, LoraVariant.Bias.NONE));
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("llama"))) {
      write(base, biased);
      try (SavedAdapter adapter = SavedAdapter.read(temp.resolve("trained"))) {
        assertThatThrownBy(
                () -> PlainForm.write(temp.resolve("plain"), base, "llama", adapter, Map.of()))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("cannot be written as plain factors");
      }
    }
  }

  /** An adapter with random factors; returns its tensors. */
  private List<NamedTensor> write(ModelDirectory base, AdapterMethod method) {
    Tuner tuner = Tuner.of(method, base);
    Random random = new Random(3);
    List<NamedTensor> values =
        tuner.slots().stream()
            .map(
                slot -> {
                  float[] numbers = new float[(int) slot.size()];
                  for (int i = 0; i < numbers.length; i++)
                    numbers[i] = (float) random.nextGaussian();
                  return NamedTensor.of(slot.name(), numbers, slot.shape());
                })
            .toList();
    List<NamedTensor> all = new ArrayList<>(values);
    tuner.frozen(0).stream().filter(each -> tuner.kept().contains(each.name())).forEach(all::add);
    List<NamedTensor> saved = tuner.saved(all);
    PeftDirectory.write(temp.resolve("trained"), base, "base", method, saved, Map.of());
    return saved;
  }

  /** With what is not saved because it can be made anew. */
  private static Map<String, NamedTensor> all(Tuner tuner, List<NamedTensor> saved) {
    Map<String, NamedTensor> all = new HashMap<>(byName(tuner.frozen(0)));
    all.putAll(byName(tuner.read(saved)));
    return all;
  }

  private static Map<String, NamedTensor> byName(List<NamedTensor> tensors) {
    return tensors.stream().collect(Collectors.toMap(NamedTensor::name, each -> each));
  }
}
