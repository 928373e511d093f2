package dev.graft.model;

import dev.graft.kernels.TorchThread;
import dev.graft.kernels.TorchThread.LaneThreads;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.AttentionShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Computes rows or tokens of a micro-batch side by side on a CPU. A lane is the same model with its
 * own gradients, which are added up in order at the end, so that the cores synchronise once per
 * micro-batch rather than in each operation. A model with dropout has one lane, because its masks
 * come from one generator.
 */
final class Lanes implements AutoCloseable {
  /**
   * Maximum bytes of the gradients of all lanes except the first; the memory estimate includes
   * them.
   */
  private static final long MOST_GRADIENTS = 64L << 20;

  /** Maximum ratio of the longest lane to its equal share. */
  private static final double UNEVEN = 1.08;

  private final ForwardPass forward;
  private final Parameters parameters;
  private final Function<Parameters.Gradients, Transformer> model;
  private final LaneThreads threads;
  private final int most;
  private final List<Lane> others = new ArrayList<>();

  private record Lane(Parameters.Gradients gradients, Transformer model) {}

  private Lanes(
      ForwardPass forward,
      Parameters parameters,
      Function<Parameters.Gradients, Transformer> model,
      int threads) {
    this.forward = forward;
    this.parameters = parameters;
    this.model = model;
    this.threads = new LaneThreads(threads);
    long gradients = Math.max(1, parameters.size() * Float.BYTES);
    most = (int) Math.min(threads, 1 + MOST_GRADIENTS / gradients);
  }

  /**
   * @param model creates the model that adds to other gradients
   * @return null where rows are computed together
   */
  static @Nullable Lanes of(
      ForwardPass forward,
      Parameters parameters,
      @Nullable Function<Parameters.Gradients, Transformer> model) {
    if (model == null) return null;
    Transformer first = forward.model();
    boolean apart = first.divides() && !first.drops() && forward.plan().leastLane() > 0;
    if (!apart || first.memory().device().isGpu()) return null;
    Lanes lanes = new Lanes(forward, parameters, model, TorchThread.threads());
    return lanes.most > 1 ? lanes : null;
  }

  /** Divides rows among lanes, in order; one lane if more would not be faster. */
  List<MicroBatch> divided(MicroBatch batch) {
    int rows = Math.min(most, batch.size());
    if (rows < 2) return List.of(batch);
    int whole = forward.layout(batch, true).size();
    int least = Math.max(1, forward.plan().leastLane());
    for (int lanes = Math.min(rows, whole / least); lanes > 1; lanes--) {
      if (threads.threads() % lanes != 0) continue;
      List<MicroBatch> parts = cut(batch, lanes);
      int longest =
          parts.stream().mapToInt(part -> forward.layout(part, true).size()).max().orElse(0);
      if (lanes * longest <= UNEVEN * whole) return parts;
    }
    return List.of(batch);
  }

  /** Divides rows so that each lane has nearly its share of the tokens. */
  private static List<MicroBatch> cut(MicroBatch batch, int lanes) {
    int[] before = new int[batch.size() + 1]; // tokens
    int[][] ids = batch.inputIds();
    for (int row = 0; row < ids.length; row++) before[row % batch.size() + 1] += ids[row].length;
    Arrays.parallelPrefix(before, Integer::sum);
    List<MicroBatch> parts = new ArrayList<>();
    int from = 0;
    for (int lane = 1; lane <= lanes; lane++) {
      int to = from + 1;
      double share = (double) before[batch.size()] * lane / lanes;
      int last = batch.size() - lanes + lane; // a row for each that follows
      while (to < last && Math.abs(before[to + 1] - share) <= Math.abs(before[to] - share)) to++;
      parts.add(batch.part(from, to));
      from = to;
    }
    return parts;
  }

  /** Divides tokens among lanes; empty if that is impossible or too small. */
  List<TokenLayout> stretches(TokenLayout whole) {
    int least = Math.max(1, forward.plan().leastLane());
    int lanes = Math.min(Math.min(most, ComputePlan.MOST_STRETCHES), whole.size() / least);
    while (lanes > 1 && threads.threads() % lanes != 0) lanes--;
    Family family = forward.model().family();
    boolean handsOn =
        forward.attention() == ComputePlan.Attention.CHUNKS
            && forward.model().virtualTokens().count() == 0
            && !family.bidirectional();
    if (lanes < 2 || !handsOn) return List.of();
    List<TokenLayout> stretches = TokenCuts.of(forward).cut(whole, lanes, family.window());
    boolean all = stretches.stream().allMatch(each -> each.predicting().length > 0);
    return all ? stretches : List.of();
  }

  /** Returns the model of a lane. */
  Transformer model(int lane) {
    if (lane == 0) return forward.model();
    while (others.size() < lane) {
      Parameters.Gradients gradients = parameters.further();
      others.add(new Lane(gradients, model.apply(gradients)));
    }
    return others.get(lane - 1).model();
  }

  /** Computes all lanes and adds up their gradients. */
  List<Accumulation.RowsPass.Result> run(List<Supplier<Accumulation.RowsPass.Result>> lanes) {
    List<Accumulation.RowsPass.Result> results = threads.run(lanes);
    for (int i = 1; i < lanes.size(); i++) parameters.take(others.get(i - 1).gradients());
    return results;
  }

  /** Discards the gradients of lanes after a failure. */
  void discard() {
    for (Lane each : others) forward.model().memory().zero(each.gradients().flat());
  }

  @Override
  public void close() {
    threads.close();
    for (Lane each : others) each.model().close();
  }

  /**
   * Divides the tokens of a micro-batch so that lanes take equally long, although later tokens see
   * more keys.
   *
   * @param pair cost of a pair of a query and a key relative to the other work of a token
   */
  private record TokenCuts(double pair) {
    /** Time of a multiplication in attention relative to one in linear layers. */
    private static final double SLOWER = 2;

    static TokenCuts of(ForwardPass forward) {
      ModelConfig config = forward.model().family().config();
      double linear = (double) config.hiddenSize() * config.vocabSize();
      for (ModelConfig.Linear each : config.linearModules()) {
        linear += (double) each.inFeatures() * each.outFeatures();
      }
      AttentionShape heads = AttentionShape.of(config);
      double attention = 2.0 * heads.heads() * heads.headDim() * config.numHiddenLayers();
      return new TokenCuts(SLOWER * attention / linear);
    }

    /**
     * @param most maximum keys that a token sees; 0 = all
     */
    List<TokenLayout> cut(TokenLayout whole, int lanes, int most) {
      double[] before = new double[whole.size() + 1];
      int[] seen = seen(whole);
      for (int t = 0; t < seen.length; t++) {
        before[t + 1] = before[t] + 1 + pair * (most > 0 ? Math.min(most, seen[t]) : seen[t]);
      }
      List<TokenLayout> stretches = new ArrayList<>();
      int first = 0;
      for (int lane = 1; lane <= lanes; lane++) {
        int end = first + 1;
        int last = whole.size() - lanes + lane; // a token for each that follows
        while (end < last && before[end] < before[whole.size()] * lane / lanes) end++;
        stretches.add(whole.stretch(first, end));
        first = end;
      }
      return stretches;
    }

    private static int[] seen(TokenLayout whole) {
      int[] change = new int[whole.size() + 1];
      for (int from : whole.from()) change[from]++;
      for (int until : whole.until()) change[until]--;
      int[] seen = new int[whole.size()];
      for (int t = 0, keys = 0; t < seen.length; t++) seen[t] = keys += change[t];
      return seen;
    }
  }
}
