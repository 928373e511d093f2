package dev.graft.training;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.model.DeviceMemory;
import dev.graft.model.Execution;
import dev.graft.model.ModelTensors;
import dev.graft.weights.ModelConfig.AttentionShape;
import java.util.Map;

/**
 * Measures how long the matrix products of steps take by themselves.
 *
 * <p>Each shape of {@link StepProducts} is measured alone, in this process, with the threads and
 * the element type of the run, on random numbers and into memory that is there already; the best of
 * several times counts, when its operands are still in the processor's caches. So a step that
 * computes these products one by one cannot be faster: what is missing is also the traffic between
 * them. Attention is taken at the speed of a block of queries over as many keys as one sees.
 */
final class GemmBound implements AutoCloseable {
  private static final int REPEATS = 5;
  private static final int LEAST = 2;
  private static final double ENOUGH_SECONDS = 0.1;

  private static final String MEASURED =
      """
        def random(self: __torch__.Model,
          like: Tensor,
          shape: List[int],
          dtype: int) -> Tensor:
          x = torch.randn(shape, dtype=6, layout=None, device=ops.prim.device(like), pin_memory=None)
          return torch.to(x, dtype, False, True)
        def forward(self: __torch__.Model,
          x: Tensor,
          w: Tensor,
          out: Tensor) -> int:
          _0 = torch.mm(x, torch.t(w), out=out)
          return 0
        def kernel_forward(self: __torch__.Model,
          x: Tensor,
          w: Tensor,
          out: Tensor) -> Tensor:
          return __torch__.ops.product.turned(x, w)
        def turned_forward(self: __torch__.Model,
          x: Tensor,
          w: Tensor,
          out: Tensor) -> Tensor:
          return __torch__.ops.product.turned(x, torch.t(w))
        def kernel_input(self: __torch__.Model,
          g: Tensor,
          w: Tensor,
          out: Tensor) -> Tensor:
          return __torch__.ops.product.plain(g, w)
        def input(self: __torch__.Model,
          g: Tensor,
          w: Tensor,
          out: Tensor) -> int:
          _0 = torch.mm(g, w, out=out)
          return 0
        def weight(self: __torch__.Model,
          g: Tensor,
          x: Tensor,
          out: Tensor) -> int:
          _0 = torch.mm(torch.t(g), x, out=out)
          return 0
        def scores(self: __torch__.Model,
          q: Tensor,
          k: Tensor,
          out: Tensor) -> int:
          _0 = torch.bmm(q, torch.transpose(k, 1, 2), out=out)
          return 0
        def weighted(self: __torch__.Model,
          p: Tensor,
          v: Tensor,
          out: Tensor) -> int:
          _0 = torch.bmm(p, v, out=out)
          return 0
        def of_keys(self: __torch__.Model,
          p: Tensor,
          q: Tensor,
          out: Tensor) -> int:
          _0 = torch.bmm(torch.transpose(p, 1, 2), q, out=out)
          return 0
      """;

  private final DeviceMemory memory;
  private final TorchScriptModule module;
  private final int dtype;
  private final boolean turned;

  private GemmBound(DeviceMemory memory, TorchScriptModule module, Execution execution) {
    this.memory = memory;
    this.module = module;
    dtype = new ModelTensors(execution.precision()).kind();
    turned = execution.turnsWeights();
  }

  /** On a device of its own, for the current thread. */
  static GemmBound open(Execution execution) {
    return DeviceMemory.open(
        execution,
        memory -> new GemmBound(memory, Kernels.load(MEASURED, memory.device()), execution));
  }

  /** Seconds for all of them, measured now. */
  double seconds(StepProducts products) {
    double total = 0;
    for (Map.Entry<StepProducts.MatrixProduct, Long> each : products.counts().entrySet()) {
      total += each.getValue() * measure(each.getKey());
    }
    for (Map.Entry<StepProducts.AttentionProducts, Double> each : products.attention().entrySet()) {
      total += each.getValue() * measure(each.getKey());
    }
    return total;
  }

  private double measure(StepProducts.MatrixProduct of) {
    long rows = of.rows();
    long inner = of.inner();
    long columns = of.columns();
    try (PtNDManager scope = memory.scope()) {
      PtNDArray out = random(scope, rows, columns);
      return switch (of.form()) {
        case FORWARD -> {
          PtNDArray x = random(scope, rows, inner);
          double asItIs = faster("forward", x, random(scope, columns, inner), out);
          if (!turned) yield asItIs;
          yield Math.min(asItIs, best("turned_forward", x, random(scope, inner, columns), out));
        }
        case INPUT ->
            faster("input", random(scope, rows, inner), random(scope, inner, columns), out);
        case WEIGHT ->
            best("weight", random(scope, inner, rows), random(scope, inner, columns), out);
      };
    }
  }

  private double measure(StepProducts.AttentionProducts of) {
    AttentionShape heads = of.heads();
    long shared = heads.keyValueHeads();
    long queries = of.queries() * heads.heads() / shared;
    try (PtNDManager scope = memory.scope()) {
      PtNDArray q = random(scope, shared, queries, heads.headDim());
      PtNDArray k = random(scope, shared, of.keys(), heads.headDim());
      PtNDArray p = random(scope, shared, queries, of.keys());
      double forward = best("scores", q, k, p) + best("weighted", p, k, q);
      return of.backward() ? 2 * forward + 2 * best("of_keys", p, q, k) : forward;
    }
  }

  private PtNDArray random(PtNDManager scope, long... shape) {
    try (PtNDArray like = (PtNDArray) scope.create(0f)) {
      return module.call(scope, "random", like, shape, dtype).getFirst();
    }
  }

  /** By libtorch's own product or the kernels'. */
  private double faster(String method, PtNDArray a, PtNDArray b, PtNDArray out) {
    return Math.min(best(method, a, b, out), best("kernel_" + method, a, b, out));
  }

  private double best(String method, PtNDArray a, PtNDArray b, PtNDArray out) {
    double best = Double.POSITIVE_INFINITY;
    double spent = 0;
    for (int i = 0; i < REPEATS && (i < LEAST || spent < ENOUGH_SECONDS); i++) {
      long start = System.nanoTime();
      module.run(method, a, b, out);
      double seconds = (System.nanoTime() - start) / 1e9;
      best = Math.min(best, seconds);
      spent += seconds;
    }
    return best;
  }

  @Override
  public void close() {
    module.close();
    memory.close();
  }
}
