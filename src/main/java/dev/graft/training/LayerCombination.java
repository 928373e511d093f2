package dev.graft.training;

import dev.graft.model.LowRankUpdate;
import dev.graft.model.Tuner.LowRankUpdate;
import dev.graft.spec.Combination;
import dev.graft.spec.ExportForm.Combination;
import dev.graft.weights.ModelConfig.Linear;
import java.util.List;

/**
 * What several adapters add to one linear layer as one update of scale 1, by the rules of PEFT's
 * {@code add_weighted_adapter}.
 */
record LayerCombination(Combination how, TensorMerge merge, UpdateDecomposition decomposition) {
  /** An adapter that has the layer, and its weight. */
  record Part(LowRankUpdate update, double weight) {
    float[] a() {
      return update.a();
    }

    float[] b() {
      return update.b();
    }

    float scaled() {
      return (float) (weight * update.scale());
    }
  }

  /**
   * @throws IllegalArgumentException if the type needs equal ranks, and these are not
   */
  LowRankUpdate of(Linear linear, List<Part> parts) {
    return switch (how.type()) {
      case CAT -> side(linear, parts);
      case SVD -> decomposition.ofFactors(side(linear, parts));
      case TIES_SVD, DARE_TIES_SVD, DARE_LINEAR_SVD, MAGNITUDE_PRUNE_SVD ->
          decomposition.of(linear, merged(parts));
      case LINEAR, TIES, DARE_TIES, DARE_LINEAR, MAGNITUDE_PRUNE -> byNumber(linear, parts);
    };
  }

  /** The sum of the products, exactly: factors side by side, whose rank is the sum of ranks. */
  private static LowRankUpdate side(Linear linear, List<Part> parts) {
    int rank = parts.stream().mapToInt(each -> each.update().rank()).sum();
    int in = linear.inFeatures();
    int out = linear.outFeatures();
    float[] a = new float[rank * in];
    float[] b = new float[out * rank];
    int from = 0;
    for (Part each : parts) {
      int own = each.update().rank();
      for (int i = 0; i < own * in; i++) a[from * in + i] = each.a()[i] * each.scaled();
      for (int o = 0; o < out; o++) System.arraycopy(each.b(), o * own, b, o * rank + from, own);
      from += own;
    }
    return new LowRankUpdate(linear, rank, a, b, 1);
  }

  /** The sign of a weight is A's alone: on both sides it would be lost. */
  private LowRankUpdate byNumber(Linear linear, List<Part> parts) {
    int rank = parts.getFirst().update().rank();
    float[] ofA = new float[parts.size()];
    float[] ofB = new float[parts.size()];
    for (int k = 0; k < ofA.length; k++) {
      LowRankUpdate update = parts.get(k).update();
      if (update.rank() != rank) {
        throw new IllegalArgumentException(
            "%s needs equal ranks, and %s has %d and %d"
                .formatted(how.type().wireName(), linear.path(), rank, update.rank()));
      }
      double weight = parts.get(k).weight() * update.scale();
      ofB[k] = (float) Math.sqrt(Math.abs(weight));
      ofA[k] = weight >= 0 ? ofB[k] : -ofB[k];
    }
    float[] a = merge.of(parts.stream().map(Part::a), ofA);
    float[] b = merge.of(parts.stream().map(Part::b), ofB);
    return new LowRankUpdate(linear, rank, a, b, 1);
  }

  /** The updates themselves, (out, in), number by number. */
  private float[] merged(List<Part> parts) {
    float[] weights = new float[parts.size()];
    for (int k = 0; k < weights.length; k++) weights[k] = (float) parts.get(k).weight();
    return merge.of(parts.stream().map(each -> product(each.update())), weights);
  }

  /** The update itself, (out, in). */
  private float[] product(LowRankUpdate update) {
    Linear linear = update.linear();
    float[] product =
        decomposition
            .algebra()
            .product(
                update.b(), update.a(), linear.outFeatures(), update.rank(), linear.inFeatures());
    float scale = (float) update.scale();
    for (int i = 0; i < product.length; i++) product[i] *= scale;
    return product;
  }
}
