package dev.graft.training;

import dev.graft.kernels.LayerProgram;
import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.Family;
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
 * The matrix products that micro-batches cannot do without, of tokens that are really computed:
 *
 * <ul>
 *   <li>forward of every linear layer, and the gradient of its input from the lowest layer that
 *       trains on;
 *   <li>logits and their gradient, of the tokens that predict something;
 *   <li>what a weight that trains adds: of LoRA's A and B forward, input and weight, of a weight of
 *       the base its gradient;
 *   <li>attention's, of the pairs of a query and a key that it sees: two forward, four backward.
 * </ul>
 *
 * <p>Behind attention, the last layer sees the tokens that predict something, and no others.
 *
 * <p>What a plan computes a second time is not in it, nor what other methods multiply beside the
 * base: it is rather too little than too much. Only in the lowest layer that trains, the gradients
 * of inputs that are not needed are counted: one of about a hundred products.
 */
final class StepProducts {
  private final ModelConfig config;
  private final List<Slot> slots;
  private final Execution execution;
  private final int lowest;
  private final Set<String> picked; // modules that see the outputs alone
  private final Map<MatrixProduct, Long> counts = new LinkedHashMap<>();
  private final Map<AttentionProducts, Double> attention = new LinkedHashMap<>();

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

  /** How often each is computed. */
  Map<MatrixProduct, Long> counts() {
    return counts;
  }

  /** How many blocks of each, which is not a whole number. */
  Map<AttentionProducts, Double> attention() {
    return attention;
  }

  double flops() {
    double flops = 0;
    for (var each : counts.entrySet()) flops += each.getValue() * each.getKey().flops();
    for (var each : attention.entrySet()) flops += each.getValue() * each.getKey().flops();
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
    counts.merge(product, 1L, Long::sum);
  }

  private void attention(MicroBatchCost batch, int layer) {
    boolean windowed =
        config instanceof DecoderConfig decoder && decoder.layers().get(layer).window() > 0;
    long pairs = windowed ? batch.windowedPairs() : batch.pairs();
    int block = execution.plan().queries(execution.precision().half());
    long queries = Math.min(block, batch.tokens());
    long keys = Math.max(1, Math.round((double) pairs / batch.tokens()));
    var products = new AttentionProducts(AttentionShape.of(config), queries, keys, layer >= lowest);
    attention.merge(products, (double) pairs / (queries * keys), Double::sum);
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

  /**
   * A product of two matrices: (rows, inner) by (inner, columns).
   *
   * @param form which of them lies in memory the other way round
   */
  record MatrixProduct(Form form, long rows, long inner, long columns) {
    enum Form {
      /** Forward of a linear layer: the weight is (columns, inner). */
      FORWARD,
      /** Gradient of its input: both lie as they are multiplied. */
      INPUT,
      /** Gradient of its weight: the first is (inner, rows). */
      WEIGHT
    }

    double flops() {
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
  record AttentionProducts(AttentionShape heads, long queries, long keys, boolean backward) {
    /** Scores, their weights times the values; backward two gradients of each. */
    int products() {
      return backward ? 6 : 2;
    }

    double flops() {
      return products() * 2.0 * heads.heads() * heads.headDim() * queries * keys;
    }
  }
}
