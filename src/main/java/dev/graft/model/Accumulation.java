package dev.graft.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Adds the gradients of micro-batches up: each whole, or in {@link FittingParts} one after the
 * other, and some rows or tokens of a part in each of the {@link Lanes}.
 *
 * @param parts null = whole
 * @param lanes null = the rows of a part together
 * @param goals of what trains
 */
record Accumulation(
    ForwardPass forward,
    TunerState state,
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
    double scale = state.lossScale().value() / divisor;
    for (FittingParts.Part part : all) {
      losses.addAll(computed(part, scale, dropoutSeed, observer));
    }
    if (losses.isEmpty()) return PendingLoss.of(TokenLoss.ZERO);
    return PendingLoss.sum(losses).then(sum -> sum.counted(batch.targets()));
  }

  /** How many lanes compute it. */
  int lanes(MicroBatch batch) {
    FittingParts.Part whole = FittingParts.Part.whole(batch);
    int sides = divided(whole).size();
    return sides > 1 ? sides : Math.max(1, stretches(whole).size());
  }

  /** Some rows for each lane. */
  private List<FittingParts.Part> divided(FittingParts.Part part) {
    if (lanes == null) return List.of(part);
    return lanes.divided(part.batch()).stream().map(part::rows).toList();
  }

  /** Some tokens for each lane, where they are predicted, all is kept, and all layers train. */
  private List<TokenGoal> stretches(FittingParts.Part part) {
    boolean kept = forward.plan().kind() == ComputePlan.Kind.KEEP && part.again() == 0;
    boolean predicted = part.batch() instanceof TokenBatch && part.batch().targets() > 0;
    if (lanes == null || !kept || lowest() > 1 || !predicted) return List.of();
    TokenGoal whole = (TokenGoal) goals.apply(part.batch());
    return lanes.stretches(whole.rows()).stream().map(whole::of).toList();
  }

  /** Of the lanes of a part. */
  private void passes(FittingParts.Part part, long dropoutSeed, List<RowsPass> into) {
    List<FittingParts.Part> sides = divided(part);
    List<TokenGoal> stretches = sides.size() > 1 ? List.of() : stretches(part);
    List<TokenLane> neighbours = TokenLane.of(stretches.size(), forward.model().stages().size());
    for (int i = 0; i < stretches.size(); i++) {
      TokenLane lane = neighbours.get(i);
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
        runs.add(() -> each.run(scale, lowest, state.parameters().readout()));
      }
      List<RowsPass.Result> results =
          lanes == null || runs.size() < 2
              ? runs.stream().map(Supplier::get).toList()
              : lanes.run(runs);
      if (!results.isEmpty()) observer.accumulated(StepCost.sideBySide(results));
      return results.stream().map(RowsPass.Result::loss).toList();
    } finally {
      passes.forEach(RowsPass::close);
    }
  }

  private LayerPass layers(
      BatchInputs inputs, Transformer model, long dropoutSeed, FittingParts.Part part) {
    ComputePlan.Kind kind = forward.plan().kind();
    return parts == null
        ? LayerPass.of(kind, model, inputs, true, dropoutSeed)
        : LayerPass.partly(model, inputs, true, dropoutSeed, parts.stages(part));
  }

  /** Lowest stage that trains; the way down ends there. */
  private int lowest() {
    return (int) forward.model().stages().stream().takeWhile(each -> !each.trains()).count();
  }

  /** Forgets what lanes have added since an error. */
  void discard() {
    if (lanes != null) lanes.discard();
  }

  @Override
  public void close() {
    if (lanes != null) lanes.close();
  }
}
