package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.Lora.LoraVariant.Bias;
import dev.graft.spec.LoraInit;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Concurrent
class DoraTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 0);
  private static final int[][] ROWS = {{3, 1, 4, 1, 5, 9, 2, 6}, {2, 7, 1, 8}};

  private static Lora dora(double dropout) {
    return new Lora(4, 8, dropout, new TargetModules.AllLinear())
        .as(new LoraVariant(false, true, false, Bias.NONE));
  }

  private static Map<String, NamedTensor> trained(TrainableModel model) {
    return model.trained().stream()
        .collect(Collectors.toMap(NamedTensor::name, Function.identity()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void itStartsAsTheBaseWithTheLengthsOfItsRows(String name) {
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve(name));
        TrainableModel model = TrainableModel.load(base, dora(0), ADAMW, ComputePlan.KEEP, 1);
        TrainableModel plain =
            TrainableModel.load(base, dora(0).as(LoraVariant.PLAIN), ADAMW, ComputePlan.KEEP, 1)) {
      for (ModelConfig.Linear each : base.config().linearModules()) {
        float[] weight = base.weights().stored(parameter(base, each.path() + ".weight")).toFloats();
        float[] lengths = trained(model).get(each.path() + ".lora_magnitude_vector").toFloats();
        for (int o = 0; o < each.outFeatures(); o++) {
          double square = 0;
          for (int i = 0; i < each.inFeatures(); i++) {
            float w =
                weight[each.conv1d() ? i * each.outFeatures() + o : o * each.inFeatures() + i];
            square += (double) w * w;
          }
          assertThat((double) lengths[o]).isCloseTo(Math.sqrt(square), within(1e-6));
        }
      }
      assertClose(model.logits(ROWS), plain.logits(ROWS), 1e-5f);
    }
  }

  private static ModelConfig.Parameter parameter(ModelDirectory base, String name) {
    return base.config().parameters().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** With dropout the layer is written in another way; a random start makes every term count. */
  @Test
  void theLayerWithDropoutIsTheSameWhereNothingIsDropped() {
    Path llama = MODELS.resolve("llama");
    try (ModelDirectory base = ModelDirectory.open(llama);
        TrainableModel with =
            TrainableModel.load(
                base, dora(1e-12).startingAs(new LoraInit.Random()), ADAMW, ComputePlan.KEEP, 1);
        TrainableModel without =
            TrainableModel.load(
                base, dora(0).startingAs(new LoraInit.Random()), ADAMW, ComputePlan.KEEP, 1)) {
      MicroBatch.TokenBatch rows = new MicroBatch.TokenBatch(ROWS, ROWS);
      for (int step = 0; step < 3; step++) {
        double loss = with.accumulate(rows, rows.targets(), step).mean();
        assertThat(without.accumulate(rows, rows.targets(), step).mean())
            .isCloseTo(loss, within(1e-5));
        assertThat(without.update(1e-2)).isCloseTo(with.update(1e-2), within(1e-4));
      }
      assertClose(with.logits(ROWS), without.logits(ROWS), 1e-4f);
    }
  }

  private static void assertClose(float[][][] actual, float[][][] expected, float distance) {
    for (int r = 0; r < ROWS.length; r++) {
      for (int t = 0; t < ROWS[r].length; t++) {
        assertThat(actual[r][t]).containsExactly(expected[r][t], within(distance));
      }
    }
  }
}
