package dev.graft.model;

import java.util.List;

/** What a micro-batch was and how long its parts took, in nanoseconds. */
final class StepCost {
  private StepCost() {}

  /** Of rows that were computed at the same time. */
  static StepObserver.MicroBatchCost sideBySide(List<RowsPass.Result> results) {
    List<StepObserver.MicroBatchCost> lanes = results.stream().map(RowsPass.Result::cost).toList();
    return new StepObserver.MicroBatchCost(
        lanes.stream().mapToInt(StepObserver.MicroBatchCost::logical).sum(),
        lanes.stream().mapToInt(StepObserver.MicroBatchCost::tokens).sum(),
        lanes.stream().mapToInt(StepObserver.MicroBatchCost::outputs).sum(),
        lanes.stream().mapToLong(StepObserver.MicroBatchCost::pairs).sum(),
        lanes.stream().mapToLong(StepObserver.MicroBatchCost::windowedPairs).sum(),
        lanes.stream().mapToLong(StepObserver.MicroBatchCost::forward).sum() / lanes.size(),
        lanes.stream().mapToLong(StepObserver.MicroBatchCost::loss).sum() / lanes.size(),
        lanes.stream().mapToLong(StepObserver.MicroBatchCost::backward).sum() / lanes.size());
  }

  static StepObserver.MicroBatchCost of(
      ForwardPass pass, int logical, Goal goal, long forward, long loss, long backward) {
    TokenLayout rows = goal.rows();
    Transformer model = pass.model();
    int past = model.virtualTokens().keys();
    return new StepObserver.MicroBatchCost(
        logical,
        rows.size(),
        goal.picked().length,
        rows.pairs(past, 0),
        rows.pairs(past, model.family().window()),
        forward,
        loss,
        backward);
  }
}
