package dev.graft.kernels;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decompositions for computed start values: of single matrices of the base, row-major f32 in and
 * out (PiSSA, OLoRA, LoftQ, orthogonal), and of batches of data rows (EVA). They run on the host
 * wherever the model is, because they are few and their bits decide the result. An instance belongs
 * to the thread that created it.
 */
public final class LinearAlgebra implements AutoCloseable {
  private static final String METHODS =
      """
        def svd(self: __torch__.Model,
          x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
          return __torch__.linalg.svd(x)
        def qr(self: __torch__.Model,
          x: Tensor) -> Tuple[Tensor, Tensor]:
          return __torch__.linalg.qr(x)
        def product(self: __torch__.Model,
          x: Tensor,
          y: Tensor) -> Tensor:
          return torch.mm(x, y)
        def svd_lowrank(self: __torch__.Model,
          x: Tensor,
          start: Tensor,
          iterations: int) -> Tuple[Tensor, Tensor, Tensor]:
          return __torch__.linalg.svd_lowrank(x, start, iterations)
        def pca_first(self: __torch__.Model,
          parts: List[Tensor],
          k: int) -> List[Tensor]:
          return __torch__.pca.first(parts, k)
        def pca_next(self: __torch__.Model,
          parts: List[Tensor],
          state: List[Tensor],
          seen: int,
          k: int) -> List[Tensor]:
          return __torch__.pca.next(parts, state, seen, k)
        def pca_similarity(self: __torch__.Model,
          now: Tensor,
          before: Tensor) -> Tensor:
          return __torch__.pca.similarity(now, before)
      """;

  private final PtNDManager manager;
  private final TorchScriptModule module;

  public LinearAlgebra() {
    TorchThread.prepare();
    module = Kernels.load(METHODS, Device.cpu());
    manager = (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch");
  }

  /** x = u diag(s) vh: u (rows, k), s (k) largest first, vh (k, columns), k the smaller size. */
  public record Svd(float[] u, float[] s, float[] vh) {}

  /** x = q r: q (rows, k), r (k, columns), k the smaller size. */
  public record Qr(float[] q, float[] r) {}

  public Svd svd(float[] x, int rows, int columns) {
    try (PtNDManager scope = scope()) {
      List<float[]> parts = floats(module.call(scope, "svd", matrix(scope, x, rows, columns)));
      return new Svd(parts.get(0), parts.get(1), parts.get(2));
    }
  }

  /** Returns the product of x (rows, inner) and y (inner, columns). */
  public float[] product(float[] x, float[] y, int rows, int inner, int columns) {
    try (PtNDManager scope = scope()) {
      PtNDArray left = matrix(scope, x, rows, inner);
      PtNDArray right = matrix(scope, y, inner, columns);
      return floats(module.call(scope, "product", left, right)).getFirst();
    }
  }

  /**
   * Returns only the largest singular values, by subspace iteration (Halko et al. 2009); k is the
   * rank.
   *
   * @param start (the smaller size of x, rank), random
   */
  public Svd svdLowRank(float[] x, int rows, int columns, float[] start, int iterations) {
    int smaller = Math.min(rows, columns);
    try (PtNDManager scope = scope()) {
      PtNDArray random = matrix(scope, start, smaller, start.length / smaller);
      PtNDArray of = matrix(scope, x, rows, columns);
      List<float[]> parts = floats(module.call(scope, "svd_lowrank", of, random, iterations));
      return new Svd(parts.get(0), parts.get(1), parts.get(2));
    }
  }

  public Qr qr(float[] x, int rows, int columns) {
    try (PtNDManager scope = scope()) {
      List<float[]> parts = floats(module.call(scope, "qr", matrix(scope, x, rows, columns)));
      return new Qr(parts.get(0), parts.get(1));
    }
  }

  /**
   * Returns a decomposition of rows that are added later. It is freed when this object is closed.
   *
   * @param directions their number
   */
  public IncrementalPca incremental(int directions) {
    return new IncrementalPca(module, manager, directions);
  }

  private PtNDManager scope() {
    return (PtNDManager) manager.newSubManager();
  }

  private static PtNDArray matrix(PtNDManager scope, float[] x, int rows, int columns) {
    return (PtNDArray) scope.create(x, new Shape(rows, columns));
  }

  private static List<float[]> floats(List<PtNDArray> parts) {
    return parts.stream().map(PtNDArray::toFloatArray).toList();
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }

  /**
   * The directions in which rows that come in batches vary most (Ross et al. 2008), as PEFT's
   * {@code IncrementalPCA} finds them for EVA. Its memory does not grow with the number of rows.
   */
  public static final class IncrementalPca implements AutoCloseable {
    /** PEFT's seed of the random start of every decomposition. */
    private static final int SEED = 42;

    private final TorchScriptModule module;
    private final PtNDManager manager;
    private final int size;
    private final double[] similarity;
    private long seen;
    private @Nullable State state;

    /** The state after a batch. */
    private record State(
        PtNDArray components,
        PtNDArray singularValues,
        PtNDArray mean,
        PtNDArray variance,
        PtNDArray explained) {
      static State of(List<PtNDArray> all) {
        return new State(all.get(0), all.get(1), all.get(2), all.get(3), all.get(4));
      }

      PtNDArray[] all() {
        return new PtNDArray[] {components, singularValues, mean, variance, explained};
      }
    }

    /**
     * @param module with the methods of {@link LinearAlgebra}
     */
    IncrementalPca(TorchScriptModule module, PtNDManager manager, int size) {
      this.module = module;
      this.manager = manager;
      this.size = size;
      similarity = new double[size];
      Arrays.fill(similarity, Double.NaN);
    }

    /**
     * Adds a batch of rows.
     *
     * @param parts of the batch, (n, features) in f32, on any device: they are copied to the host
     * @return false if there are fewer rows than directions; they are then ignored
     */
    public boolean add(PtNDArray... parts) {
      PtNDArray[] here =
          Arrays.stream(parts)
              .map(each -> each.toDevice(manager.getDevice(), false))
              .toArray(PtNDArray[]::new);
      long count = Arrays.stream(parts).mapToLong(each -> each.getShape().get(0)).sum();
      if (count < size) return false;
      long features = parts[0].getShape().get(1);
      if (features < size) {
        throw new IllegalArgumentException(
            "%d features cannot have %d directions".formatted(features, size));
      }
      JniUtils.setSeed(SEED);
      State before = state;
      if (before == null) {
        state = State.of(module.call(manager, "pca_first", here, size));
      } else {
        State now = State.of(module.call(manager, "pca_next", here, before.all(), seen, size));
        state = now;
        compare(now.components(), before.components());
        for (PtNDArray each : before.all()) each.close();
      }
      seen += count;
      return true;
    }

    private void compare(PtNDArray now, PtNDArray before) {
      try (PtNDArray cosines = module.call(manager, "pca_similarity", now, before).getFirst()) {
        System.arraycopy(cosines.toDoubleArray(), 0, similarity, 0, size);
      }
    }

    /** Returns whether a batch was added. */
    public boolean started() {
      return state != null;
    }

    /**
     * Returns whether the last batch changed the first directions little: each cosine with its
     * former direction is at least the threshold. False before the second batch.
     */
    public boolean converged(int directions, double threshold) {
      for (int i = 0; i < directions; i++) {
        if (!(similarity[i] >= threshold)) return false;
      }
      return true;
    }

    /** Returns the share of each direction in the variance of all rows, largest first. */
    public double[] explained() {
      return doubles(require().explained());
    }

    /** Returns the singular values of the directions. */
    public double[] singularValues() {
      return doubles(require().singularValues());
    }

    /** Returns the directions, (directions, features), of length 1. */
    public double[] components() {
      return doubles(require().components());
    }

    private State require() {
      State found = state;
      if (found == null) throw new IllegalStateException("no batch has been added");
      return found;
    }

    private static double[] doubles(PtNDArray array) {
      return switch (array.getDataType()) {
        case FLOAT64 -> array.toDoubleArray();
        default -> {
          float[] narrow = array.toFloatArray();
          double[] wide = new double[narrow.length];
          for (int i = 0; i < wide.length; i++) wide[i] = narrow[i];
          yield wide;
        }
      };
    }

    @Override
    public void close() {
      State found = state;
      if (found != null) for (PtNDArray each : found.all()) each.close();
      state = null;
    }
  }
}
