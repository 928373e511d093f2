package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.StepObserver.MicroBatchCost;
import dev.graft.model.Tuner;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.spec.Precision;
import dev.graft.training.GemmBound.StepProducts;
import dev.graft.training.GemmBound.StepProducts.AttentionProducts;
import dev.graft.training.GemmBound.StepProducts.MatrixProduct;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Counted by hand for a Llama of two layers: hidden 32, feed-forward 64, 4 heads and 2 of keys of
 * 8, vocabulary 97.
 */
class StepProductsTests {
  private static final Path BASE = Path.of("src/test/resources/parity/models/llama");
  private static final Execution CPU = Execution.cpu(Precision.F32, ComputePlan.KEEP);

  /** q and o, k and v, gate, up and down. */
  private static final double LAYER = 2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 64;

  private static final double HEAD = 97 * 32;

  /** Ins and outs of the same, by which a rank is multiplied. */
  private static final double ENDS = 2 * (32 + 32) + 2 * (32 + 16) + 3 * (32 + 64);

  private static final int TOKENS = 20;
  private static final int OUTPUTS = 5;
  private static final int PAIRS = 130;

  /** The second layer sees the outputs alone behind attention: o, gate, up and down. */
  private static final double LAYERS =
      2 * LAYER * TOKENS - (32 * 32 + 3 * 32 * 64) * (TOKENS - OUTPUTS);

  private static final double ATTENTION = 6 * 2.0 * 2 * PAIRS * 4 * 8;

  private static double flops(AdapterMethod method) {
    try (ModelDirectory base = ModelDirectory.open(BASE)) {
      var products = new StepProducts(base.config(), Tuner.of(method, base).slots(), CPU);
      products.add(new MicroBatchCost(40, TOKENS, OUTPUTS, PAIRS, 100, 0, 0, 0));
      return products.flops();
    }
  }

  @Test
  void frozenWeightsAreMultipliedTwiceAndFactorsThreeTimes() {
    var lora = new Lora(4, 8, 0, new TargetModules.AllLinear());
    double base = 4 * (LAYERS + HEAD * OUTPUTS);
    double behind = 32 + 32 + 3 * (32 + 64);
    double factors = 6 * 4 * (2 * ENDS * TOKENS - behind * (TOKENS - OUTPUTS));
    assertThat(flops(lora)).isCloseTo(base + factors + ATTENTION, within(1e-3));
  }

  @Test
  void weightsThatTrainAreMultipliedThreeTimesAndTheirHeadToo() {
    double all = 6 * (LAYERS + HEAD * OUTPUTS);
    assertThat(flops(new AdapterMethod.Full())).isCloseTo(all + ATTENTION, within(1e-3));
  }

  @Test
  void equalShapesAreMeasuredOnce() {
    try (ModelDirectory base = ModelDirectory.open(BASE)) {
      var products =
          new StepProducts(base.config(), Tuner.of(new AdapterMethod.Full(), base).slots(), CPU);
      for (int i = 0; i < 3; i++) {
        products.add(new MicroBatchCost(40, TOKENS, OUTPUTS, PAIRS, PAIRS, 0, 0, 0));
      }
      var query = new MatrixProduct(MatrixProduct.Form.FORWARD, TOKENS, 32, 32);
      assertThat(products.counts()).containsEntry(query, 3 * 3.0);
      assertThat(products.counts().keySet())
          .filteredOn(AttentionProducts.class::isInstance)
          .hasSize(1);
      try (GemmBound bound = GemmBound.open(CPU)) {
        assertThat(bound.seconds(products)).isPositive();
      }
    }
  }
}
