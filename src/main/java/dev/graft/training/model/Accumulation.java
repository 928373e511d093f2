package dev.graft.training.model;

import dev.graft.training.ComputePlan;
import dev.graft.training.PendingLoss;
import dev.graft.training.StepObserver;
import dev.graft.training.batch.MicroBatch;
import dev.graft.training.metrics.TokenLoss;
import dev.graft.training.model.forward.BatchInputs;
import dev.graft.training.model.forward.ForwardPass;
import dev.graft.training.model.forward.LayerPass;
import dev.graft.training.model.forward.Transformer;
import dev.graft.training.model.loss.Goal;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Adds the gradients of micro-batches up: each whole, or in {@link FittingParts} one after the
 * other, and some rows of a part in each of the {@link Lanes}.
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
  /** As {@link dev.graft.training.TrainableModel#enqueue}. */
  PendingLoss enqueue(MicroBatch batch, double divisor, long dropoutSeed, StepObserver observer) {
    if (!(divisor > 0)) throw new IllegalArgumentException("the divisor must be > 0");
    List<FittingParts.Part> all =
        parts == null ? List.of(FittingParts.Part.whole(batch)) : parts.training(batch);
    List<PendingLoss> losses = new ArrayList<>();
    for (FittingParts.Part part : all) {
      losses.addAll(enqueue(divided(part), divisor, dropoutSeed, observer));
    }
    if (losses.isEmpty()) return PendingLoss.of(TokenLoss.ZERO);
    return PendingLoss.sum(losses).then(sum -> sum.counted(batch.targets()));
  }

  /** Some rows for each lane. */
  List<FittingParts.Part> divided(FittingParts.Part part) {
    if (lanes == null) return List.of(part);
    return lanes.divided(part.batch()).stream().map(part::rows).toList();
  }

  private List<PendingLoss> enqueue(
      List<FittingParts.Part> sides, double divisor, long dropoutSeed, StepObserver observer) {
    double scale = state.lossScale().value() / divisor;
    int lowest = lowest();
    List<RowsPass> passes = new ArrayList<>();
    try {
      for (FittingParts.Part side : sides) {
        if (side.batch().targets() == 0) continue;
        Transformer model = lanes == null ? forward.model() : lanes.model(passes.size());
        passes.add(pass(side, model, dropoutSeed));
      }
      List<Supplier<RowsPass.Result>> runs = new ArrayList<>();
      for (RowsPass each : passes) {
        runs.add(() -> each.run(scale, lowest, state.parameters().readout()));
      }
      List<RowsPass.Result> results =
          lanes == null || runs.size() < 2
              ? runs.stream().map(Supplier::get).toList()
              : lanes.run(runs);
      if (!results.isEmpty()) {
        observer.accumulated(
            StepCost.sideBySide(results.stream().map(RowsPass.Result::cost).toList()));
      }
      return results.stream().map(RowsPass.Result::loss).toList();
    } finally {
      passes.forEach(RowsPass::close);
    }
  }

  private RowsPass pass(FittingParts.Part part, Transformer model, long dropoutSeed) {
    return new RowsPass(
        forward,
        part,
        goals.apply(part.batch()),
        inputs -> layers(inputs, model, dropoutSeed, part));
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
