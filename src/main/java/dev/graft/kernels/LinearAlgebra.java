package dev.graft.kernels;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.List;

/**
 * Decompositions for starts that are computed: of single matrices, row-major f32 in and out, from
 * the base (PiSSA, OLoRA, LoftQ, orthogonal), and of rows that come in batches, from the data
 * (EVA). On the host, wherever the model is: they are few, and their bits decide what trains.
 * Belongs to the thread that made it.
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

  /** x y of x (rows, inner) and y (inner, columns). */
  public float[] product(float[] x, float[] y, int rows, int inner, int columns) {
    try (PtNDManager scope = scope()) {
      PtNDArray left = matrix(scope, x, rows, inner);
      PtNDArray right = matrix(scope, y, inner, columns);
      return floats(module.call(scope, "product", left, right)).getFirst();
    }
  }

  /**
   * The largest singular values only, by subspace iterations (Halko et al. 2009); k is the rank.
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
   * Directions of rows that are to come. They are gone when this is closed.
   *
   * @param directions how many
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
}
