package dev.graft.training;

import dev.graft.kernels.LinearAlgebra;
import dev.graft.model.Tuner.LowRankUpdate;
import dev.graft.weights.ModelConfig.Linear;
import java.util.Arrays;

/**
 * The largest singular values of an update as factors of LoRA: B has them, the rows of A are
 * orthonormal.
 *
 * @param rank of the factors
 */
record UpdateDecomposition(LinearAlgebra algebra, int rank) {
  /** By the QR of both factors: no matrix is larger than they are. */
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
