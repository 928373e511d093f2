package dev.graft.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.Lora.LoraVariant.Bias;
import dev.graft.spec.LoraInit;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.StoredWeight;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts of the factors, from their definitions: golden runs read them. */
@Concurrent
class LoraStartTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");
  private static final double SCALE = 2;

  private static Lora lora(int r, LoraInit init) {
    return new Lora(r, SCALE * r, 0, new TargetModules.AllLinear()).startingAs(init);
  }

  /** A module with its weight as (out, in) and its factors. */
  private record Started(Linear module, Matrix w, Matrix a, Matrix b) {
    Matrix residual() {
      return w.minus(b.times(a), SCALE);
    }
  }

  private static List<Started> start(String model, Lora method, long seed) {
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve(model))) {
      Map<String, NamedTensor> start =
          Tuner.of(method, base).start(seed).stream()
              .collect(Collectors.toMap(NamedTensor::name, Function.identity()));
      return base.config().linearModules().stream()
          .map(
              module ->
                  new Started(
                      module,
                      weight(base, module),
                      Matrix.of(start.get(module.path() + ".lora_A.weight")),
                      Matrix.of(start.get(module.path() + ".lora_B.weight"))))
          .toList();
    }
  }

  private static Matrix weight(ModelDirectory base, Linear module) {
    for (ModelConfig.Parameter each : base.config().parameters()) {
      if (!each.name().equals(module.path() + ".weight")) continue;
      Matrix stored = new Matrix(each.shape(), base.weights().stored(each).toFloats());
      return module.conv1d() ? stored.transposed() : stored;
    }
    throw new IllegalArgumentException(module.path());
  }

  @Test
  void theStandardStartIsUniformAndChangesNothing() {
    for (Started each : start("llama", lora(16, new LoraInit.Standard()), 1)) {
      assertThat(each.b().largest()).isZero();
      assertUniform(each.a(), 1 / Math.sqrt(each.module().inFeatures()));
    }
  }

  @Test
  void aRandomStartHasBothFactorsAndTheBiasOfB() {
    Lora method =
        lora(16, new LoraInit.Random()).as(new LoraVariant(false, false, true, Bias.NONE));
    for (Started each : start("llama", method, 1)) {
      assertUniform(each.a(), 1 / Math.sqrt(each.module().inFeatures()));
      assertUniform(each.b(), 1 / Math.sqrt(16));
    }
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("llama"))) {
      List<NamedTensor> biases =
          Tuner.of(method, base).start(1).stream()
              .filter(each -> each.name().endsWith(".lora_B.bias"))
              .toList();
      assertThat(biases).hasSize(14);
      for (NamedTensor each : biases) assertUniform(Matrix.of(each), 1 / Math.sqrt(16));
    }
  }

  @Test
  void aGaussianStartHasDeviationOneByR() {
    for (Started each : start("llama", lora(16, new LoraInit.Gaussian()), 1)) {
      assertThat(each.b().largest()).isZero();
      assertThat(each.a().deviation()).isCloseTo(1.0 / 16, within(0.1 / 16));
    }
  }

  private static void assertUniform(Matrix values, double bound) {
    assertThat(values.largest()).isBetween(0.8 * bound, bound);
    assertThat(values.deviation()).isCloseTo(bound / Math.sqrt(3), within(0.2 * bound));
  }

  /** The halves of an orthogonal matrix make rows of A that no column of B meets. */
  @Test
  void anOrthogonalStartHasTwoFactorsAndNoProduct() {
    for (Started each : start("gpt2", lora(8, new LoraInit.Orthogonal()), 3)) {
      assertThat(each.b().times(each.a()).largest()).isLessThan(1e-6);
      double deviation = Math.sqrt(0.5) / 10;
      assertThat(each.a().deviation()).isCloseTo(deviation, within(0.25 * deviation));
      assertThat(each.b().deviation()).isCloseTo(deviation, within(0.25 * deviation));
    }
  }

  /**
   * With W = U S V^T: A = sqrt(S / scale) V^T and B = U sqrt(S / scale) of the largest. So A A^T
   * and B^T B are the same diagonal, and what is left of W knows neither A nor B.
   */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void pissaTakesTheLargestSingularValuesOutOfTheBase(String model) {
    for (Started each : start(model, lora(4, new LoraInit.Pissa(0)), 1)) {
      Matrix aa = each.a().times(each.a().transposed());
      assertThat(aa.minus(each.b().transposed().times(each.b()), 1).largest()).isLessThan(1e-4);
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
          if (i != j) assertThat(aa.at(i, j)).isCloseTo(0, within(1e-4));
        }
        if (i > 0) assertThat(aa.at(i, i)).isLessThanOrEqualTo(aa.at(i - 1, i - 1) + 1e-4);
      }
      Matrix residual = each.residual();
      assertThat(residual.times(each.a().transposed()).largest()).isLessThan(1e-4);
      assertThat(each.b().transposed().times(residual).largest()).isLessThan(1e-4);
      double least = SCALE * aa.at(3, 3);
      assertThat(residual.largestSingularValue()).isLessThan(least + 1e-3);
    }
  }

  @Test
  void iterationsComeCloseToTheExactDecomposition() {
    List<Started> exact = start("llama", lora(4, new LoraInit.Pissa(0)), 1);
    List<Started> fast = start("llama", lora(4, new LoraInit.Pissa(16)), 1);
    List<Started> again = start("llama", lora(4, new LoraInit.Pissa(16)), 1);
    List<Started> rough = start("llama", lora(4, new LoraInit.Pissa(1)), 1);
    for (int i = 0; i < exact.size(); i++) {
      double least = exact.get(i).residual().deviation();
      assertThat(fast.get(i).residual().deviation()).isBetween(0.999 * least, 1.01 * least);
      assertThat(rough.get(i).residual().deviation()).isBetween(1.0001 * least, 1.3 * least);
      assertThat(again.get(i).a().values()).containsExactly(fast.get(i).a().values());
    }
  }

  /** W = Q R: B has orthonormal columns, A is upper triangular, and B A is the part of both. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void oloraTakesColumnsOfQAndRowsOfR(String model) {
    for (Started each : start(model, lora(4, new LoraInit.Olora()), 1)) {
      Matrix bb = each.b().transposed().times(each.b());
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
          assertThat(bb.at(i, j)).isCloseTo(i == j ? 1 : 0, within(1e-5));
          if (j < i) assertThat(each.a().at(i, j)).isCloseTo(0, within(1e-5));
        }
      }
      Matrix left = each.w().minus(each.b().times(each.a()), 1);
      assertThat(each.b().transposed().times(left).largest()).isLessThan(1e-5);
    }
  }

  /** A and B of PEFT's own start, which golden runs read; vectors may point the other way. */
  @ParameterizedTest
  @CsvSource({"loftq-4-5, 4, 5", "loftq-8-2, 8, 2"})
  void loftqFindsTheFactorsThatPeftFinds(String golden, int bits, int iterations) {
    Path saved = MODELS.resolveSibling(golden).resolve("init/adapter_model.safetensors");
    List<String> targets = List.of("q_proj", "v_proj", "down_proj");
    Lora method =
        new Lora(4, 8, 0, new TargetModules.Names(targets))
            .startingAs(new LoraInit.Loftq(bits, iterations));
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("qwen2"));
        SafetensorsFile peft = SafetensorsFile.open(saved)) {
      Map<String, NamedTensor> start =
          Tuner.of(method, base).start(1).stream()
              .collect(Collectors.toMap(NamedTensor::name, Function.identity()));
      List<String> factors =
          start.keySet().stream().filter(each -> each.endsWith(".lora_A.weight")).toList();
      assertThat(factors).hasSize(6);
      for (String a : factors) {
        String b = a.replace("lora_A", "lora_B");
        Matrix ours = product(start.get(a), start.get(b));
        Matrix theirs =
            product(
                requireNonNull(peft.find(SavedAdapter.PEFT_PREFIX + a)).named(),
                requireNonNull(peft.find(SavedAdapter.PEFT_PREFIX + b)).named());
        assertThat(theirs.largest()).isGreaterThan(100 * 2e-6);
        assertThat(ours.minus(theirs, 1).largest()).isLessThan(2e-6);
      }
    }
  }

  private static Matrix product(NamedTensor a, NamedTensor b) {
    return Matrix.of(b).times(Matrix.of(a));
  }

  /** What quantisation takes away is less with factors beside it, and least in the last turn. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void everyTurnOfLoftqComesCloserToTheWeight(String model) {
    double once = lost(model, 1);
    assertThat(lost(model, 5)).isLessThan(0.99 * once);
    assertThat(once).isLessThan(0.99 * lost(model, 0));
  }

  /** Of W less Q + B A, over all modules; without turns of W less Q alone. */
  private static double lost(String model, int turns) {
    Lora method = lora(4, new LoraInit.Loftq(4, Math.max(1, turns)));
    double sum = 0;
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve(model))) {
      Tuner tuner = Tuner.of(method, base);
      for (ModelConfig.Parameter each : base.config().parameters()) {
        StoredWeight quantised = tuner.requantised(each);
        if (quantised == null) continue;
        String module = each.name().substring(0, each.name().length() - ".weight".length());
        Linear linear =
            base.config().linearModules().stream()
                .filter(of -> of.path().equals(module))
                .findFirst()
                .orElseThrow();
        Matrix w = weight(base, linear);
        Matrix rest = w.minus(new Matrix(w.rows(), w.columns(), quantised.toFloats()), 1);
        for (Started started : start(model, method, 1)) {
          if (turns == 0 || !started.module().equals(linear)) continue;
          rest = rest.minus(started.b().times(started.a()), 1);
        }
        sum += Math.pow(rest.deviation(), 2);
      }
    }
    return sum;
  }

  @Test
  void onlyBOfAnEmbeddingIsRandom() {
    TargetModules table = new TargetModules.Names(List.of("embed_tokens"));
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("llama"))) {
      Lora method = new Lora(16, 16, 0, table);
      List<NamedTensor> start = Tuner.of(method, base).start(1);
      assertThat(Matrix.of(start.get(0)).largest()).isZero();
      assertThat(Matrix.of(start.get(1)).deviation()).isCloseTo(1, within(0.15));
      List<NamedTensor> random = Tuner.of(method.startingAs(new LoraInit.Random()), base).start(1);
      assertThat(Matrix.of(random.get(0)).deviation()).isCloseTo(1, within(0.15));
    }
  }

  @Test
  void anEmbeddingHasNoBiasOfBAndATiedOneCannotBeMerged() {
    Lora method = new Lora(2, 2, 0, new TargetModules.Names(List.of("embed_tokens")));
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("llama-tied"))) {
      assertThatThrownBy(
              () -> Tuner.of(method.as(new LoraVariant(false, false, true, Bias.NONE)), base))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("lora_bias: not supported for the embedding model.embed_tokens");
      Tuner tuner = Tuner.of(method, base);
      assertThatThrownBy(() -> tuner.merged("model.embed_tokens.weight", new float[0], Map.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is also the output matrix");
    }
  }

  @Test
  void aModuleSmallerThanTheRankAndAQuantisedBaseAreRefused() {
    assertThatThrownBy(() -> start("llama", lora(17, new LoraInit.Pissa(0)), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "r: init_lora_weights \"pissa\" allows at most 16 for model.layers.0");
    assertThatThrownBy(() -> start("llama-nf4", lora(4, new LoraInit.Olora()), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"olora\" needs a base that is not quantised");
  }
}
