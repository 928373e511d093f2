package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.model.Goal.TokenGoal;
import dev.graft.model.StepObserver.MicroBatchCost;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Accumulates the gradients of micro-batches: each as a whole or in {@link FittingParts} one after
 * the other, with the rows or tokens of a part divided among {@link Lanes}.
 *
 * @param parts null = micro-batches are not divided
 * @param lanes null = the rows of a part are computed together
 * @param goals creates the goal of a batch
 */
record Accumulation(
    ForwardPass forward,
    LossScale lossScale,
    DeviceMemory.Readout readout,
    @Nullable FittingParts parts,
    @Nullable Lanes lanes,
    Function<MicroBatch, Goal> goals)
    implements AutoCloseable {
  /** As {@link dev.graft.model.TrainableModel#enqueue}. */
  PendingLoss enqueue(MicroBatch batch, double divisor, long dropoutSeed, StepObserver observer) {
    if (!(divisor > 0)) throw new IllegalArgumentException("the divisor must be > 0");
    List<FittingParts.Part> all =
        parts == null ? List.of(FittingParts.Part.whole(batch)) : parts.training(batch);
    List<PendingLoss> losses = new ArrayList<>();
    double scale = lossScale.value() / divisor;
    for (FittingParts.Part part : all) {
      losses.addAll(computed(part, scale, dropoutSeed, observer));
    }
    if (losses.isEmpty()) return PendingLoss.of(PendingLoss.TokenLoss.ZERO);
    return PendingLoss.sum(losses).then(sum -> sum.counted(batch.targets()));
  }

  /** Returns the number of lanes that compute a micro-batch. */
  int lanes(MicroBatch batch) {
    FittingParts.Part whole = FittingParts.Part.whole(batch);
    int sides = divided(whole).size();
    return sides > 1 ? sides : Math.max(1, stretches(whole).size());
  }

  /** Divides rows among lanes. */
  private List<FittingParts.Part> divided(FittingParts.Part part) {
    if (lanes == null) return List.of(part);
    return lanes.divided(part.batch()).stream().map(part::rows).toList();
  }

  /**
   * Divides tokens among lanes, where they are predicted, all activations are kept and all layers
   * train.
   */
  private List<TokenGoal> stretches(FittingParts.Part part) {
    boolean kept = forward.plan().kind() == ComputePlan.Kind.KEEP && part.again() == 0;
    boolean predicted = part.batch() instanceof MicroBatch.TokenBatch && part.batch().targets() > 0;
    if (lanes == null || !kept || lowest() > 1 || !predicted) return List.of();
    TokenGoal whole = (TokenGoal) goals.apply(part.batch());
    return lanes.stretches(whole.rows()).stream().map(whole::of).toList();
  }

  /** Adds the pass of each lane of a part. */
  private void passes(FittingParts.Part part, long dropoutSeed, List<RowsPass> into) {
    List<FittingParts.Part> sides = divided(part);
    List<TokenGoal> stretches = sides.size() > 1 ? List.of() : stretches(part);
    List<LayerPass.TokenLane> neighbours =
        LayerPass.TokenLane.of(stretches.size(), forward.model().stages().size());
    for (int i = 0; i < stretches.size(); i++) {
      LayerPass.TokenLane lane = neighbours.get(i);
      Transformer model = model(i);
      into.add(
          new RowsPass(
              forward,
              i == 0 ? part.tokens() : 0,
              stretches.get(i),
              new long[0],
              (inputs, scope) -> LayerPass.lane(model, inputs, lane, scope)));
    }
    if (!stretches.isEmpty()) return;
    for (FittingParts.Part side : sides) {
      if (side.batch().targets() == 0) continue;
      Transformer model = model(into.size());
      into.add(
          new RowsPass(
              forward,
              side.tokens(),
              goals.apply(side.batch()),
              side.among(),
              (inputs, scope) -> layers(inputs, model, dropoutSeed, side)));
    }
  }

  private Transformer model(int lane) {
    return lanes == null ? forward.model() : lanes.model(lane);
  }

  private List<PendingLoss> computed(
      FittingParts.Part part, double scale, long dropoutSeed, StepObserver observer) {
    int lowest = lowest();
    List<RowsPass> passes = new ArrayList<>();
    try {
      passes(part, dropoutSeed, passes);
      List<Supplier<RowsPass.Result>> runs = new ArrayList<>();
      for (RowsPass each : passes) {
        runs.add(() -> each.run(scale, lowest, readout));
      }
      List<RowsPass.Result> results =
          lanes == null || runs.size() < 2
              ? runs.stream().map(Supplier::get).toList()
              : lanes.run(runs);
      if (!results.isEmpty()) observer.accumulated(sideBySide(results));
      return results.stream().map(RowsPass.Result::loss).toList();
    } finally {
      passes.forEach(RowsPass::close);
    }
  }

  /** Returns the cost of rows that were computed at the same time, with the mean of their times. */
  private static MicroBatchCost sideBySide(List<RowsPass.Result> results) {
    List<MicroBatchCost> costs = results.stream().map(RowsPass.Result::cost).toList();
    return new MicroBatchCost(
        costs.stream().mapToInt(MicroBatchCost::logical).sum(),
        costs.stream().mapToInt(MicroBatchCost::tokens).sum(),
        costs.stream().mapToInt(MicroBatchCost::outputs).sum(),
        costs.stream().mapToLong(MicroBatchCost::pairs).sum(),
        costs.stream().mapToLong(MicroBatchCost::windowedPairs).sum(),
        costs.stream().mapToLong(MicroBatchCost::forward).sum() / costs.size(),
        costs.stream().mapToLong(MicroBatchCost::loss).sum() / costs.size(),
        costs.stream().mapToLong(MicroBatchCost::backward).sum() / costs.size());
  }

  private LayerPass layers(
      BatchInputs inputs, Transformer model, long dropoutSeed, FittingParts.Part part) {
    ComputePlan.Kind kind = forward.plan().kind();
    return parts == null
        ? LayerPass.of(kind, model, inputs, true, dropoutSeed)
        : LayerPass.partly(model, inputs, true, dropoutSeed, parts.stages(part));
  }

  /** Returns the lowest stage that trains, where backward ends. */
  private int lowest() {
    return (int) forward.model().stages().stream().takeWhile(each -> !each.trains()).count();
  }

  /** Discards the gradients of lanes after an error. */
  void discard() {
    if (lanes != null) lanes.discard();
  }

  @Override
  public void close() {
    if (lanes != null) lanes.close();
  }

  /**
   * Forward and backward of some rows. Created and closed by the device's own thread; any thread
   * may {@link #run} it.
   */
  static final class RowsPass implements AutoCloseable {
    private final ForwardPass forward;
    private final int logical;
    private final Goal goal;
    private final PtNDManager scope;
    private final BatchInputs inputs;
    private final LayerPass layers;

    /**
     * @param logical tokens of the rows
     * @param among places of these tokens in the micro-batch; see {@link FittingParts.Part}
     * @param layers of its inputs
     */
    RowsPass(ForwardPass forward, int logical, Goal goal, long[] among, Layers layers) {
      this.forward = forward;
      this.goal = goal;
      this.logical = logical;
      scope = forward.model().memory().scope();
      try {
        inputs = forward.inputs(scope, goal.rows(), goal.picked(), among);
        this.layers = layers.of(inputs, scope);
      } catch (RuntimeException e) {
        scope.close();
        throw e;
      }
    }

    /** Creates the pass of some inputs through the layers. */
    interface Layers {
      LayerPass of(BatchInputs inputs, PtNDManager scope);
    }

    record Result(PendingLoss loss, MicroBatchCost cost) {}

    /**
     * @param scale of the gradients
     * @param lowest stage that trains
     */
    Result run(double scale, int lowest, DeviceMemory.Readout readout) {
      try {
        return upAndDown(scale, lowest, readout);
      } catch (RuntimeException | Error e) {
        layers.failed(e);
        throw e;
      }
    }

    private Result upAndDown(double scale, int lowest, DeviceMemory.Readout readout) {
      Goal.Result result;
      long begun = System.nanoTime();
      long atLoss;
      try (IValue output = layers.up(lowest)) {
        atLoss = System.nanoTime();
        result = goal.backward(scope, output, scale, readout);
      } finally {
        JniUtils.setGradMode(false); // a method of autograd leaves it on when it throws
      }
      IValue g = IValue.from(result.gradient());
      result.gradient().close();
      long atDown = System.nanoTime();
      layers.down(g, lowest);
      long down = System.nanoTime() - atDown;
      int computed = goal.rows().size();
      return new Result(
          result.loss().then(loss -> loss.computed(computed)),
          cost(atLoss - begun, atDown - atLoss, down));
    }

    /** Returns the sizes of the rows and the nanoseconds of each phase. */
    private MicroBatchCost cost(long up, long loss, long down) {
      TokenLayout rows = goal.rows();
      Transformer model = forward.model();
      int past = model.virtualTokens().keys();
      return new MicroBatchCost(
          logical,
          rows.size(),
          goal.picked().length,
          rows.pairs(past, 0),
          rows.pairs(past, model.family().window()),
          up,
          loss,
          down);
    }

    @Override
    public void close() {
      layers.close();
      inputs.close();
      scope.close();
    }
  }

  /**
   * Divides a micro-batch so that it is computed within a memory budget: decides which layers are
   * recomputed and how many rows are computed at a time. The parts add up to the loss and gradients
   * of the micro-batch, apart from rounding. Dropout is that of the whole micro-batch; a
   * micro-batch whose dropout is not drawn per token, as in attention, is not divided.
   */
  record FittingParts(ForwardPass forward, ComputePlan.ActivationBudget budget) {
    /** Cost of a forward and a backward pass; recomputing a layer is one more forward pass. */
    private static final double STEP = 2;

    /** Fixed cost of a part, in tokens. */
    private static final int OVERHEAD = 32;

    /**
     * Rows that are computed together.
     *
     * @param again how many of the layers with activations are recomputed, the first ones
     * @param among places of these tokens in the micro-batch, where it has dropout: see {@link
     *     dev.graft.kernels.BatchContext#AMONG}
     */
    record Part(MicroBatch batch, int again, long[] among) {
      static Part whole(MicroBatch batch) {
        return new Part(batch, 0, new long[0]);
      }

      int tokens() {
        return Arrays.stream(batch.inputIds()).mapToInt(row -> row.length).sum();
      }

      /** Returns some of its rows, where there is no dropout. */
      Part rows(MicroBatch some) {
        return new Part(some, again, among);
      }
    }

    private record Division(List<Part> parts, double cost, boolean fits) {}

    /** Returns the cheapest division that fits, else single rows with all layers recomputed. */
    List<Part> training(MicroBatch batch) {
      Division best = null;
      int fewest = forward.model().divides() ? 1 : batch.size();
      for (int rows = batch.size(); rows >= fewest; rows = fewer(batch.size(), rows)) {
        Division next = division(batch, rows);
        if (best == null || !best.fits() || next.fits() && next.cost() < best.cost()) best = next;
        if (next.fits() && next.parts().stream().allMatch(part -> part.again() == 0)) break;
      }
      if (best == null || best.parts().size() == 1 || !forward.model().drops()) {
        return best == null ? List.of() : best.parts();
      }
      TokenLayout whole = forward.layout(batch, true);
      List<Part> among = new ArrayList<>();
      int from = 0;
      for (Part each : best.parts()) {
        int to = from + each.batch().size();
        among.add(new Part(each.batch(), each.again(), among(batch, whole, from, to)));
        from = to;
      }
      return among;
    }

    /** Summarises the result of {@link #training}. */
    TrainableModel.Division division(MicroBatch batch) {
      int rows = 0;
      int again = 0;
      for (Part part : training(batch)) {
        rows = Math.max(rows, part.batch().size());
        again = Math.max(again, part.again());
      }
      return new TrainableModel.Division(rows, budget.kept(), again);
    }

    /**
     * Returns the places of the tokens of some rows, or of both sides of some pairs, among all
     * tokens.
     */
    private long[] among(MicroBatch batch, TokenLayout whole, int from, int to) {
      long[] among = new long[whole.size()];
      int at = 0;
      for (int row = 0; row < whole.rows(); row++) {
        int pairOrRow = row % batch.size();
        if (pairOrRow < from || pairOrRow >= to) continue;
        int first = whole.begin(row);
        int tokens = forward.virtual() + whole.places()[row].length;
        for (int i = 0; i < tokens; i++) among[at++] = first + i;
      }
      return among;
    }

    /** Returns the largest parts that fit in inference, else single rows. */
    List<MicroBatch> inference(MicroBatch batch) {
      int rows = batch.size();
      while (rows > 1 && !inferred(batch, rows)) rows = fewer(batch.size(), rows);
      return divided(batch, Math.max(1, rows));
    }

    private boolean inferred(MicroBatch batch, int rows) {
      for (MicroBatch part : divided(batch, rows)) {
        if (!fits(budget.inferred(tokens(part, false), longest(part)))) return false;
      }
      return true;
    }

    private boolean fits(double need) {
      return need <= budget.bytes();
    }

    /** Returns the next smaller number of rows that yields one part more. */
    private static int fewer(int all, int rows) {
      return rows == 1 ? 0 : Math.ceilDiv(all, Math.ceilDiv(all, rows - 1));
    }

    private static List<MicroBatch> divided(MicroBatch batch, int rows) {
      if (rows >= batch.size()) return List.of(batch);
      List<MicroBatch> parts = new ArrayList<>();
      for (int from = 0; from < batch.size(); from += rows) {
        parts.add(batch.part(from, Math.min(batch.size(), from + rows)));
      }
      return parts;
    }

    private Division division(MicroBatch batch, int rows) {
      List<Part> parts = new ArrayList<>();
      double cost = 0;
      boolean fits = true;
      for (MicroBatch each : divided(batch, rows)) {
        long tokens = tokens(each, true);
        int fitting = budget.again(tokens, longest(each));
        if (fitting < 0) fits = false;
        int again = fitting < 0 ? budget.kept() : fitting;
        double share = (double) again / Math.max(1, budget.kept());
        cost += (tokens + OVERHEAD) * STEP + tokens * share;
        parts.add(new Part(each, again, new long[0]));
      }
      return new Division(parts, cost, fits);
    }

    /** Returns the stage below which all are recomputed; the embedding is one below the layers. */
    int stages(Part part) {
      return part.again() == 0 ? 0 : 1 + budget.layers().length - budget.kept() + part.again();
    }

    private long tokens(MicroBatch batch, boolean drops) {
      return forward.layout(batch, drops).size();
    }

    private int longest(MicroBatch batch) {
      int longest = Arrays.stream(batch.inputIds()).mapToInt(row -> row.length).max().orElse(0);
      return longest + forward.virtual();
    }

    /** Returns the division of a plan that has a budget, else null. */
    static @Nullable FittingParts of(ForwardPass forward) {
      ComputePlan.ActivationBudget budget = forward.plan().budget();
      return budget == null ? null : new FittingParts(forward, budget);
    }
  }
}
