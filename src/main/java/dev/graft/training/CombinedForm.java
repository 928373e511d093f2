package dev.graft.training;

import dev.graft.kernels.LinearAlgebra;
import dev.graft.model.TorchGenerator;
import dev.graft.model.Tuner.LowRankUpdate;
import dev.graft.spec.ExportForm.Combination;
import dev.graft.spec.ExportForm.Combination.MajoritySign;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Combines several adapters of one base into one plain LoRA. */
final class CombinedForm {
  private CombinedForm() {}

  /**
   * Combines layer by layer, in the order of the model, which is PEFT's and determines DARE's
   * draws.
   *
   * @param adapters of this base, the first one first
   * @throws IllegalArgumentException if an adapter has no plain factors, or ranks differ and the
   *     type needs equal ones
   * @throws dev.graft.weights.BadModel if a tensor is not what its configuration asks for
   */
  static PlainForm of(ModelDirectory base, List<SavedAdapter> adapters, Combination how) {
    Map<String, List<LayerCombination.Part>> layers = new HashMap<>();
    int largest = 1;
    for (int k = 0; k < adapters.size(); k++) {
      for (LowRankUpdate each : PlainForm.updates(base, adapters.get(k))) {
        largest = Math.max(largest, each.rank());
        layers
            .computeIfAbsent(each.linear().path(), path -> new ArrayList<>())
            .add(new LayerCombination.Part(each, how.weights().get(k)));
      }
    }
    List<LowRankUpdate> combined = new ArrayList<>();
    try (LinearAlgebra algebra = new LinearAlgebra()) {
      LayerCombination layer =
          new LayerCombination(
              how,
              new TensorMerge(how, new TorchGenerator(how.seed())),
              new UpdateDecomposition(algebra, Objects.requireNonNullElse(how.svdRank(), largest)));
      for (Linear linear : base.config().linearModules()) {
        List<LayerCombination.Part> parts = layers.get(linear.path());
        if (parts != null) combined.add(layer.of(linear, parts));
      }
    }
    return PlainForm.of(base, combined);
  }

  /**
   * Combines the updates of one linear layer into one update of scale 1, by the rules of PEFT's
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
     * @throws IllegalArgumentException if ranks differ and the type needs equal ones
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

    /**
     * Returns the exact sum of the products: factors side by side, whose rank is the sum of ranks.
     */
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

    /**
     * Combines factors number by number. Only A gets the sign of a weight, which would cancel on
     * both.
     */
    private LowRankUpdate byNumber(Linear linear, List<Part> parts) {
      int rank = parts.getFirst().update().rank();
      float[] ofA = new float[parts.size()];
      float[] ofB = new float[parts.size()];
      for (int k = 0; k < ofA.length; k++) {
        LowRankUpdate update = parts.get(k).update();
        if (update.rank() != rank) {
          throw new IllegalArgumentException(
              "%s needs equal ranks, but %s has %d and %d"
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

    /** Combines the products of the updates, (out, in), number by number. */
    private float[] merged(List<Part> parts) {
      float[] weights = new float[parts.size()];
      for (int k = 0; k < weights.length; k++) weights[k] = (float) parts.get(k).weight();
      return merge.of(parts.stream().map(each -> product(each.update())), weights);
    }

    /** Returns the product of an update, (out, in). */
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

  /**
   * Combines tensors of one shape number by number in f32, as PEFT's {@code merge_utils}.
   *
   * @param random generator of DARE, which draws as PEFT does
   */
  record TensorMerge(Combination how, TorchGenerator random) {
    /**
     * @param tensors each is pruned before the next one is read, because whole updates are large
     * @param weights one for each
     */
    float[] of(Stream<float[]> tensors, float[] weights) {
      List<float[]> pruned = tensors.map(this::pruned).toList();
      return how.type().elects() ? disjoint(pruned, weights) : sum(pruned, weights);
    }

    private float[] pruned(float[] tensor) {
      if (!how.type().prunes() || how.density() >= 1) return tensor;
      return how.type().draws() ? dropped(tensor) : largest(tensor);
    }

    /** Keeps each number with the probability of the density and scales it up. */
    private float[] dropped(float[] tensor) {
      float density = (float) how.density();
      float[] kept = new float[tensor.length];
      for (int i = 0; i < kept.length; i++) {
        if (random.uniform() < density) kept[i] = tensor[i] / density;
      }
      return kept;
    }

    private float[] largest(float[] tensor) {
      int count = (int) (how.density() * tensor.length);
      float[] kept = new float[tensor.length];
      if (count == 0) return kept;
      float[] sorted = new float[tensor.length];
      for (int i = 0; i < sorted.length; i++) sorted[i] = Math.abs(tensor[i]);
      Arrays.sort(sorted);
      float least = sorted[sorted.length - count];
      int equals = count;
      for (float each : tensor) if (Math.abs(each) > least) equals--;
      for (int i = 0; i < kept.length; i++) {
        float size = Math.abs(tensor[i]);
        if (size > least || (size == least && equals-- > 0)) kept[i] = tensor[i];
      }
      return kept;
    }

    private static float[] sum(List<float[]> tensors, float[] weights) {
      float[] sum = new float[tensors.getFirst().length];
      for (int k = 0; k < weights.length; k++) {
        float[] tensor = tensors.get(k);
        for (int i = 0; i < sum.length; i++) sum[i] += weights[k] * tensor[i];
      }
      return sum;
    }

    /** Returns the mean of the weighted numbers that have the majority sign. */
    private float[] disjoint(List<float[]> tensors, float[] weights) {
      float[] merged = new float[tensors.getFirst().length];
      for (int i = 0; i < merged.length; i++) {
        float vote = 0;
        for (float[] each : tensors) {
          vote += how.majoritySign() == MajoritySign.TOTAL ? each[i] : Math.signum(each[i]);
        }
        float majority = vote >= 0 ? 1 : -1;
        int agreeing = 0;
        for (int k = 0; k < weights.length; k++) {
          float number = tensors.get(k)[i];
          if (Math.signum(number) != majority) continue;
          merged[i] += weights[k] * number;
          agreeing++;
        }
        merged[i] /= Math.max(agreeing, 1);
      }
      return merged;
    }
  }

  /**
   * Reduces an update to its largest singular values as factors of LoRA: B has the singular values,
   * the rows of A are orthonormal.
   *
   * @param rank of the factors
   */
  record UpdateDecomposition(LinearAlgebra algebra, int rank) {
    /** Uses the QR decomposition of both factors, so that no matrix is larger than they are. */
    LowRankUpdate ofFactors(LowRankUpdate sum) {
      int in = sum.linear().inFeatures();
      int out = sum.linear().outFeatures();
      int all = sum.rank();
      LinearAlgebra.Qr left = algebra.qr(sum.b(), out, all);
      LinearAlgebra.Qr right = algebra.qr(transposed(sum.a(), all, in), in, all);
      int rows = left.r().length / all;
      int columns = right.r().length / all;
      float[] core =
          algebra.product(left.r(), transposed(right.r(), columns, all), rows, all, columns);
      LinearAlgebra.Svd svd = algebra.svd(core, rows, columns);
      int k = svd.s().length;
      float[] u = algebra.product(left.q(), svd.u(), out, rows, k);
      float[] vh = algebra.product(svd.vh(), transposed(right.q(), in, columns), k, columns, in);
      return cut(sum.linear(), new LinearAlgebra.Svd(u, svd.s(), vh));
    }

    /**
     * @param update (out, in)
     */
    LowRankUpdate of(Linear linear, float[] update) {
      return cut(linear, algebra.svd(update, linear.outFeatures(), linear.inFeatures()));
    }

    private LowRankUpdate cut(Linear linear, LinearAlgebra.Svd svd) {
      int all = svd.s().length;
      int kept = Math.min(rank, all);
      float[] b = new float[linear.outFeatures() * kept];
      for (int i = 0; i < b.length; i++) {
        b[i] = svd.u()[i / kept * all + i % kept] * svd.s()[i % kept];
      }
      return new LowRankUpdate(
          linear, kept, Arrays.copyOf(svd.vh(), kept * linear.inFeatures()), b, 1);
    }

    private static float[] transposed(float[] x, int rows, int columns) {
      float[] turned = new float[x.length];
      for (int i = 0; i < x.length; i++) turned[i % columns * rows + i / columns] = x[i];
      return turned;
    }
  }
}
