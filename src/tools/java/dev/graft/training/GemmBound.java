package dev.graft.training;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.LayerProgram;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.model.ComputePlan;
import dev.graft.model.DeviceMemory;
import dev.graft.model.Execution;
import dev.graft.model.Family;
import dev.graft.model.ModelTensors;
import dev.graft.model.Slot;
import dev.graft.model.StepObserver.MicroBatchCost;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.Task;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

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
    for (Map.Entry<StepProducts.Product, Double> each : products.counts().entrySet()) {
      double seconds =
          switch (each.getKey()) {
            case StepProducts.MatrixProduct product -> measure(product);
            case StepProducts.AttentionProducts attention -> measure(attention);
          };
      total += each.getValue() * seconds;
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

  /**
   * The matrix products that micro-batches cannot do without, of tokens that are really computed:
   *
   * <ul>
   *   <li>forward of every linear layer, and the gradient of its input from the lowest layer that
   *       trains on;
   *   <li>logits and their gradient, of the tokens that predict something;
   *   <li>what a weight that trains adds: of LoRA's A and B forward, input and weight, of a weight
   *       of the base its gradient;
   *   <li>attention's, of the pairs of a query and a key that it sees: two forward, four backward.
   * </ul>
   *
   * <p>Behind attention, the last layer sees the tokens that predict something, and no others.
   *
   * <p>What a plan computes a second time is not in it, nor what other methods multiply beside the
   * base: it is rather too little than too much. Only in the lowest layer that trains, the
   * gradients of inputs that are not needed are counted: one of about a hundred products.
   */
  static final class StepProducts {
    private final ModelConfig config;
    private final List<Slot> slots;
    private final Execution execution;
    private final int lowest;
    private final Set<String> picked; // modules that see the outputs alone
    private final Map<Product, Double> counts = new LinkedHashMap<>();

    /**
     * @param slots what trains
     */
    StepProducts(ModelConfig config, List<Slot> slots, Execution execution) {
      this.config = config;
      this.slots = slots;
      this.execution = execution;
      int last = config.numHiddenLayers() - 1;
      picked =
          LayerProgram.modules(Family.of(config).layer(last)).stream()
              .map(module -> config.layerPrefix(last) + module)
              .collect(Collectors.toSet());
      lowest = slots.stream().mapToInt(slot -> lowest(slot.name())).min().orElse(0);
    }

    /** How often each is computed; of attention, how many blocks, which is not a whole number. */
    Map<Product, Double> counts() {
      return counts;
    }

    double flops() {
      double flops = 0;
      for (var each : counts.entrySet()) flops += each.getValue() * each.getKey().flops();
      return flops;
    }

    void add(MicroBatchCost batch) {
      for (ModelConfig.Linear linear : config.linearModules()) {
        int layer = layer(linear.path());
        if (layer < 0) continue; // of a head, which sees single tokens
        int tokens = picked.contains(linear.path()) ? batch.outputs() : batch.tokens();
        linear(tokens, linear, layer >= lowest);
      }
      if (config.task() instanceof Task.CausalLm) head(batch.outputs());
      for (int i = 0; i < config.numHiddenLayers(); i++) attention(batch, i);
    }

    private void linear(long tokens, ModelConfig.Linear linear, boolean backward) {
      forwardAndInput(tokens, linear.inFeatures(), linear.outFeatures(), backward);
      for (Slot slot : slots) {
        boolean own = slot.name().equals(linear.path() + ".weight");
        boolean lowRank = slot.name().startsWith(linear.path() + ".lora_");
        if (slot.shape().length != 2 || !own && !lowRank) continue;
        long out = slot.shape()[0];
        long in = slot.shape()[1];
        if (lowRank) forwardAndInput(tokens, in, out, true);
        count(new MatrixProduct(MatrixProduct.Form.WEIGHT, out, tokens, in));
      }
    }

    /** A tile of the vocabulary at a time, which is the fastest. */
    private void head(long outputs) {
      if (outputs == 0) return;
      String table =
          config.sharesTable() ? config.inputEmbedding() : config.outputModule() + ".weight";
      boolean trains = slots.stream().anyMatch(slot -> slot.name().equals(table));
      for (long left = config.vocabSize(); left > 0; left -= ComputePlan.LOSS_TILE) {
        long words = Math.min(left, ComputePlan.LOSS_TILE);
        forwardAndInput(outputs, config.hiddenSize(), words, true);
        if (trains)
          count(new MatrixProduct(MatrixProduct.Form.WEIGHT, words, outputs, config.hiddenSize()));
      }
    }

    private void forwardAndInput(long tokens, long in, long out, boolean backward) {
      count(new MatrixProduct(MatrixProduct.Form.FORWARD, tokens, in, out));
      if (backward) count(new MatrixProduct(MatrixProduct.Form.INPUT, tokens, out, in));
    }

    private void count(MatrixProduct product) {
      counts.merge(product, 1.0, Double::sum);
    }

    private void attention(MicroBatchCost batch, int layer) {
      boolean windowed =
          config instanceof DecoderConfig decoder && decoder.layers().get(layer).window() > 0;
      long pairs = windowed ? batch.windowedPairs() : batch.pairs();
      int block = execution.plan().queries(execution.precision().half());
      long queries = Math.min(block, batch.tokens());
      long keys = Math.max(1, Math.round((double) pairs / batch.tokens()));
      var products =
          new AttentionProducts(AttentionShape.of(config), queries, keys, layer >= lowest);
      counts.merge(products, (double) pairs / (queries * keys), Double::sum);
    }

    /** The layer from which on gradients go down to a tensor. */
    private int lowest(String slot) {
      if (slot.startsWith(config.outputModule())) return config.numHiddenLayers();
      return Math.max(0, layer(slot));
    }

    /** The layer that a name is of; -1 = of none. */
    private int layer(String name) {
      for (int i = 0; i < config.numHiddenLayers(); i++) {
        if (name.startsWith(config.layerPrefix(i))) return i;
      }
      return -1;
    }

    /** What is measured alone. */
    sealed interface Product {
      double flops();
    }

    /**
     * A product of two matrices: (rows, inner) by (inner, columns).
     *
     * @param form which of them lies in memory the other way round
     */
    record MatrixProduct(Form form, long rows, long inner, long columns) implements Product {
      enum Form {
        /** Forward of a linear layer: the weight is (columns, inner). */
        FORWARD,
        /** Gradient of its input: both lie as they are multiplied. */
        INPUT,
        /** Gradient of its weight: the first is (inner, rows). */
        WEIGHT
      }

      @Override
      public double flops() {
        return 2.0 * rows * inner * columns;
      }
    }

    /**
     * Attention of a block of queries over its keys, the queries of all heads that share a key
     * together.
     *
     * @param keys that a query sees on average
     * @param backward whether gradients go down
     */
    record AttentionProducts(AttentionShape heads, long queries, long keys, boolean backward)
        implements Product {
      /** Scores, their weights times the values; backward two gradients of each. */
      @Override
      public double flops() {
        return (backward ? 6 : 2) * 2.0 * heads.heads() * heads.headDim() * queries * keys;
      }
    }
  }
}
