package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.spec.Bottleneck;
import dev.graft.spec.Bottleneck.InitWeights;
import dev.graft.spec.Bottleneck.NonLinearity;
import dev.graft.spec.Bottleneck.Variant;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where bottleneck adapters stand, and how they start: golden runs read their starts. */
class BottleneckStartTests {
  private static final Path DEMO = Path.of("src/main/resources/dev/graft/client/base-model");
  private static final Path FAMILIES = Path.of("src/test/resources/parity/models");

  private static Bottleneck starting(InitWeights init, double std) {
    return new Bottleneck(Variant.HOULSBY, 2, NonLinearity.RELU, 1, init, std, List.of());
  }

  private static List<NamedTensor> start(Bottleneck method, long seed) {
    try (ModelDirectory base = ModelDirectory.open(DEMO)) {
      return Tuner.of(method, base).start(seed);
    }
  }

  private static double[] values(List<NamedTensor> start, String suffix) {
    return start.stream()
        .filter(each -> each.name().endsWith(suffix))
        .flatMapToDouble(BottleneckStartTests::doubles)
        .toArray();
  }

  private static DoubleStream doubles(NamedTensor tensor) {
    float[] values = tensor.toFloats();
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]);
  }

  private static void assertSpread(double[] values, double deviation) {
    double error = 4 * deviation / Math.sqrt(values.length);
    assertThat(DoubleStream.of(values).average().orElseThrow()).isCloseTo(0, within(error));
    double squares = DoubleStream.of(values).map(x -> x * x).average().orElseThrow();
    assertThat(Math.sqrt(squares)).isCloseTo(deviation, within(error));
  }

  @Test
  void biasesStartAtZeroAndTensorsDifferFromEachOther() {
    List<NamedTensor> start = start(starting(InitWeights.BERT, 0.02), 1);
    assertThat(values(start, ".bias")).containsOnly(0);
    List<NamedTensor> downs =
        start.stream().filter(each -> each.name().endsWith("adapter_down.weight")).toList();
    assertThat(downs.get(0).toFloats()).isNotEqualTo(downs.get(1).toFloats());
  }

  @Test
  void theNormalStartHasItsDeviationAndItsSeed() {
    Bottleneck method = starting(InitWeights.BERT, 0.03);
    double[] values = values(start(method, 1), ".weight");
    assertSpread(values, 0.03);
    assertThat(DoubleStream.of(values).map(Math::abs).max().orElseThrow()).isGreaterThan(0.06);
    assertThat(values(start(method, 1), ".weight")).containsExactly(values);
    assertThat(values(start(method, 2), ".weight")).isNotEqualTo(values);
  }

  /** A normal cut off at two deviations has the deviation 0.8796 of what it was. */
  @Test
  void theTruncatedStartHasNothingBeyondTwoDeviations() {
    double[] values = values(start(starting(InitWeights.HOULSBY, 0.01), 1), ".weight");
    assertSpread(values, 0.008796);
    assertThat(DoubleStream.of(values).map(Math::abs).max().orElseThrow())
        .isBetween(0.0195, 0.02 + 1e-8);
  }

  @Test
  void theStartOfParallelAdaptersHasNoEffect() {
    List<NamedTensor> start = start(new Bottleneck(Variant.PARALLEL), 1);
    assertThat(values(start, "adapter_up.weight")).containsOnly(0);
    double[] down = values(start, "adapter_down.weight");
    double bound;
    try (ModelDirectory base = ModelDirectory.open(DEMO)) {
      bound = 1 / Math.sqrt(base.config().hiddenSize());
    }
    assertSpread(down, bound / Math.sqrt(3));
    assertThat(DoubleStream.of(down).map(Math::abs).max().orElseThrow())
        .isBetween(0.99 * bound, bound);
  }

  @ParameterizedTest
  @CsvSource({
    "llama, model.layers.1.self_attn, model.layers.1.mlp",
    "gpt2, transformer.h.1.attn, transformer.h.1.mlp",
    "gpt-neox, gpt_neox.layers.1.attention, gpt_neox.layers.1.mlp",
    "bert, bert.encoder.layer.1.attention.output.dense, bert.encoder.layer.1.output.dense",
    "roberta, roberta.encoder.layer.1.attention.output.dense, roberta.encoder.layer.1.output.dense",
    "distilbert, distilbert.transformer.layer.1.attention, distilbert.transformer.layer.1.ffn"
  })
  void everyFamilyHasTwoSitesInALayer(String family, String attention, String feedForward) {
    try (ModelDirectory base = ModelDirectory.open(FAMILIES.resolve(family))) {
      Bottleneck houlsby = starting(InitWeights.BERT, 0.02);
      int hidden = base.config().hiddenSize();
      List<Slot> slots = Tuner.of(houlsby, base).slots();
      assertThat(slots)
          .filteredOn(each -> each.name().startsWith(attention + ".adapter_"))
          .extracting(Slot::shape)
          .containsExactly(
              new long[] {hidden / 2, hidden},
              new long[] {hidden / 2},
              new long[] {hidden, hidden / 2},
              new long[] {hidden});
      assertThat(slots)
          .filteredOn(each -> each.name().startsWith(feedForward + ".adapter_"))
          .hasSize(4);
      assertThat(Tuner.of(new Bottleneck(Variant.PFEIFFER), base).slots())
          .noneMatch(each -> each.name().startsWith(attention))
          .anyMatch(each -> each.name().startsWith(feedForward + ".adapter_"));
    }
  }

  @Test
  void aBottleneckHasAFeature() {
    Bottleneck narrow =
        new Bottleneck(
            Variant.PFEIFFER, 33, NonLinearity.RELU, 1, InitWeights.BERT, 0.02, List.of());
    try (ModelDirectory base = ModelDirectory.open(FAMILIES.resolve("llama"))) {
      assertThatThrownBy(() -> Tuner.of(narrow, base))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("reduction_factor: 33 is larger than the 32 features of the base");
    }
  }
}
