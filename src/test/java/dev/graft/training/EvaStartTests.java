package dev.graft.training;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.model.ComputePlan;
import dev.graft.model.EvaStart;
import dev.graft.model.Execution;
import dev.graft.model.MicroBatch;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.model.TrainableModel;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.Lora;
import dev.graft.training.GoldenCase.GoldenBatches;
import dev.graft.training.GoldenCase.GoldenFile;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What peft's initialize_lora_eva_weights found on the same batches, which golden runs only read.
 */
@Concurrent
class EvaStartTests {
  private static final Path CASES = Path.of("src/test/resources/parity");

  /** A golden case with its batches. */
  private record Case(GoldenCase golden, Lora asked, List<List<MicroBatch>> steps) {
    static Case of(String name, ModelDirectory base) {
      Path directory = CASES.resolve(name);
      GoldenCase golden = GoldenCase.read(directory);
      List<List<MicroBatch>> steps = new ArrayList<>();
      try (GoldenFile file = new GoldenFile(directory.resolve("batches.safetensors"))) {
        GoldenBatches batches = new GoldenBatches(golden, base.config());
        for (int i = 0; i < golden.steps(); i++) steps.add(batches.window(file, i));
      }
      return new Case(golden, configuration(name, Map.of()), steps);
    }

    EvaStart start(ModelDirectory base, Lora method, ComputePlan plan) {
      return EvaStart.find(
          base,
          golden.recipe(Execution.CPU, plan).with(method),
          steps.size(),
          steps::get,
          () -> {});
    }
  }

  private static Lora configuration(String name, Map<String, Double> settings) {
    ObjectNode config =
        (ObjectNode) new JsonMapper().readTree(CASES.resolve(name).resolve("asked.json"));
    settings.forEach((key, value) -> ((ObjectNode) config.get("eva_config")).put(key, value));
    return (Lora) AdapterMethods.fromPeft(config);
  }

  private static ModelDirectory base(String name) {
    return ModelDirectory.open(GoldenCase.read(CASES.resolve(name)).model());
  }

  @ParameterizedTest
  @ValueSource(strings = {"eva-llama", "eva-gpt2", "eva-dora"})
  void ranksAndFactorsAreThosePeftFindsAndSoAreTheLossesFromThere(String name) {
    try (ModelDirectory base = base(name)) {
      Case of = Case.of(name, base);
      EvaStart start = of.start(base, of.asked(), ComputePlan.KEEP);
      Lora expected = (Lora) of.golden().method();
      assertThat(start.method().patterns()).isEqualTo(expected.patterns());
      assertThat(targets(start.method())).isEqualTo(targets(expected));
      Map<String, NamedTensor> saved = saved(name);
      for (NamedTensor each : start.factors()) {
        NamedTensor peft = requireNonNull(saved.get(SavedAdapter.PEFT_PREFIX + each.name()));
        assertThat(each.shape()).isEqualTo(peft.shape());
        assertThat(each.toFloats()).containsExactly(peft.toFloats(), within(1e-4f));
      }
      assertThat(start.factors().stream().mapToLong(each -> each.shape()[0]).sum())
          .isEqualTo(
              start.factors().stream().mapToLong(each -> start.method().rank(module(each))).sum());
      assertThat(losses(of, base, start, saved))
          .containsExactly(of.golden().losses(), within(of.golden().limit("loss")));
    }
  }

  private static Set<String> targets(Lora method) {
    return Set.copyOf(((TargetModules.Names) method.targets().targetModules()).names());
  }

  private static String module(NamedTensor factor) {
    return factor.name().replace(".lora_A.weight", "");
  }

  private static Map<String, NamedTensor> saved(String name) {
    Path init = CASES.resolve(name).resolve("init/adapter_model.safetensors");
    Map<String, NamedTensor> saved = new HashMap<>();
    try (GoldenFile file = new GoldenFile(init)) {
      file.copies().forEach(each -> saved.put(each.name(), each));
    }
    return saved;
  }

  /** Factors of embeddings start at random, so those are peft's. */
  private static double[] losses(
      Case of, ModelDirectory base, EvaStart start, Map<String, NamedTensor> saved) {
    double[] losses = new double[of.steps().size()];
    try (TrainableModel model =
        TrainableModel.load(
            base, of.golden().recipe(Execution.CPU, ComputePlan.KEEP).with(start.method()))) {
      model.loadSaved(List.copyOf(saved.values()));
      start.into(model);
      for (int step = 0; step < losses.length; step++) {
        MicroBatch batch = of.steps().get(step).getFirst();
        TokenLoss loss = model.accumulate(batch, batch.targets(), 0);
        losses[step] = loss.mean();
        model.update(of.golden().lrs()[step]);
      }
    }
    return losses;
  }

  @ParameterizedTest
  @ValueSource(strings = {"eva-llama", "eva-gpt2", "eva-dora"})
  void theResultsConfigurationSaysWhatPeftsDoes(String name, @TempDir Path out) {
    GoldenRun.run(CASES.resolve(name), Execution.CPU, ComputePlan.KEEP, out);
    JsonMapper json = new JsonMapper();
    JsonNode written = json.readTree(out.resolve("adapter_config.json"));
    JsonNode peft = json.readTree(CASES.resolve(name).resolve("final/adapter_config.json"));
    assertThat(Set.copyOf(written.propertyNames())).isEqualTo(Set.copyOf(peft.propertyNames()));
    for (String key : List.of("init_lora_weights", "eva_config", "rank_pattern")) {
      assertThat(written.get(key)).isEqualTo(peft.get(key));
    }
    assertThat(Set.copyOf(written.get("target_modules").values()))
        .isEqualTo(Set.copyOf(peft.get("target_modules").values()));
    assertThat(numbers(written.get("alpha_pattern"))).isEqualTo(numbers(peft.get("alpha_pattern")));
  }

  private static Map<String, Double> numbers(JsonNode node) {
    Map<String, Double> numbers = new HashMap<>();
    node.properties().forEach(each -> numbers.put(each.getKey(), each.getValue().doubleValue()));
    return numbers;
  }

  @Test
  void blocksOfQueriesChangeNothing() {
    try (ModelDirectory base = base("eva-llama")) {
      Case of = Case.of("eva-llama", base);
      EvaStart whole = of.start(base, of.asked(), ComputePlan.KEEP);
      EvaStart blocks =
          of.start(base, of.asked(), new ComputePlan(ComputePlan.Kind.RECOMPUTE, 5, 4));
      assertThat(blocks.method()).isEqualTo(whole.method());
      for (int i = 0; i < whole.factors().size(); i++) {
        assertThat(blocks.factors().get(i).toFloats())
            .containsExactly(whole.factors().get(i).toFloats(), within(1e-4f));
      }
    }
  }

  @Test
  void directionsThatNeverStandStillAreRefused() {
    try (ModelDirectory base = base("eva-llama")) {
      Case of = Case.of("eva-llama", base);
      assertThatExceptionOfType(IllegalArgumentException.class)
          .isThrownBy(
              () ->
                  of.start(base, configuration("eva-llama", Map.of("tau", 1.0)), ComputePlan.KEEP))
          .withMessageContaining("eva_config.tau: the directions of the inputs still change");
    }
  }

  @Test
  void moreDirectionsThanFeaturesAreRefused() {
    try (ModelDirectory base = base("eva-llama")) {
      Case of = Case.of("eva-llama", base);
      assertThatExceptionOfType(IllegalArgumentException.class)
          .isThrownBy(
              () ->
                  of.start(base, configuration("eva-llama", Map.of("rho", 20.0)), ComputePlan.KEEP))
          .withMessageContaining("eva_config.rho: rho times r requires 80 directions, but");
    }
  }
}
