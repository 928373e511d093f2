package dev.graft.training.export;

import dev.graft.spec.Combination;
import dev.graft.training.kernels.LinearAlgebra;
import dev.graft.training.tuner.part.LowRankUpdate;
import dev.graft.weights.config.ModelConfig.Linear;
import java.util.Arrays;
import java.util.List;

/**
 * What several adapters add to one linear layer as one update of scale 1, by the rules of PEFT's
 * {@code add_weighted_adapter}.
 *
 * @param svdRank of results that are decomposed
 */
record LayerCombination(Combination how, int svdRank, TensorMerge merge, LinearAlgebra algebra) {
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
      case SVD -> ofFactors(linear, side(linear, parts));
      case TIES_SVD, DARE_TIES_SVD, DARE_LINEAR_SVD, MAGNITUDE_PRUNE_SVD ->
          ofProducts(linear, parts);
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
    float[] a = merge.of(parts.stream().map(Part::a).toList(), ofA);
    float[] b = merge.of(parts.stream().map(Part::b).toList(), ofB);
    return new LowRankUpdate(linear, rank, a, b, 1);
  }

  /** Decomposes b a by the QR of both: no matrix is larger than the factors. */
  private LowRankUpdate ofFactors(Linear linear, LowRankUpdate sum) {
    int in = linear.inFeatures();
    int out = linear.outFeatures();
    int rank = sum.rank();
    LinearAlgebra.Qr left = algebra.qr(sum.b(), out, rank);
    LinearAlgebra.Qr right = algebra.qr(transposed(sum.a(), rank, in), in, rank);
    int rows = left.r().length / rank;
    int columns = right.r().length / rank;
    float[] core =
        algebra.product(left.r(), transposed(right.r(), columns, rank), rows, rank, columns);
    LinearAlgebra.Svd svd = algebra.svd(core, rows, columns);
    int k = svd.s().length;
    float[] u = algebra.product(left.q(), svd.u(), out, rows, k);
    float[] vh = algebra.product(svd.vh(), transposed(right.q(), in, columns), k, columns, in);
    return cut(linear, new LinearAlgebra.Svd(u, svd.s(), vh));
  }

  private LowRankUpdate ofProducts(Linear linear, List<Part> parts) {
    int in = linear.inFeatures();
    int out = linear.outFeatures();
    float[] weights = new float[parts.size()];
    for (int k = 0; k < weights.length; k++) weights[k] = (float) parts.get(k).weight();
    List<float[]> products = parts.stream().map(each -> product(each.update(), in, out)).toList();
    return cut(linear, algebra.svd(merge.of(products, weights), out, in));
  }

  private float[] product(LowRankUpdate update, int in, int out) {
    float[] product = algebra.product(update.b(), update.a(), out, update.rank(), in);
    float scale = (float) update.scale();
    for (int i = 0; i < product.length; i++) product[i] *= scale;
    return product;
  }

  /** The largest singular values, which go to B. */
  private LowRankUpdate cut(Linear linear, LinearAlgebra.Svd svd) {
    int all = svd.s().length;
    int rank = Math.min(svdRank, all);
    float[] b = new float[linear.outFeatures() * rank];
    for (int i = 0; i < b.length; i++) {
      b[i] = svd.u()[i / rank * all + i % rank] * svd.s()[i % rank];
    }
    return new LowRankUpdate(
        linear, rank, Arrays.copyOf(svd.vh(), rank * linear.inFeatures()), b, 1);
  }

  private static float[] transposed(float[] x, int rows, int columns) {
    float[] turned = new float[x.length];
    for (int i = 0; i < x.length; i++) turned[i % columns * rows + i / columns] = x[i];
    return turned;
  }
}
