package dev.graft.training.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.training.PendingLoss;
import dev.graft.training.StepObserver.MicroBatchCost;
import dev.graft.training.batch.MicroBatch;
import dev.graft.training.model.device.Readout;
import dev.graft.training.model.forward.BatchInputs;
import dev.graft.training.model.forward.ForwardPass;
import dev.graft.training.model.forward.LayerPass;
import dev.graft.training.model.loss.Goal;
import java.util.function.Function;

/**
 * Some rows on their way up to the loss and down to the gradients. Made and closed by the device's
 * own thread; any thread may {@link #run} it.
 */
final class RowsPass implements AutoCloseable {
  private final ForwardPass forward;
  private final MicroBatch batch;
  private final Goal goal;
  private final PtNDManager scope;
  private final BatchInputs inputs;
  private final LayerPass layers;

  /**
   * @param layers of its inputs
   */
  RowsPass(
      ForwardPass forward,
      FittingParts.Part part,
      Goal goal,
      Function<BatchInputs, LayerPass> layers) {
    this.forward = forward;
    this.goal = goal;
    batch = part.batch();
    scope = forward.model().memory().scope();
    try {
      inputs = forward.inputs(scope, goal.rows(), goal.picked(), part.among());
      this.layers = layers.apply(inputs);
    } catch (RuntimeException e) {
      scope.close();
      throw e;
    }
  }

  record Result(PendingLoss loss, MicroBatchCost cost) {}

  /**
   * @param scale of the gradients
   * @param lowest stage that trains
   */
  Result run(double scale, int lowest, Readout readout) {
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
        StepCost.of(forward, batch, goal, atLoss - begun, atDown - atLoss, down));
  }

  @Override
  public void close() {
    layers.close();
    inputs.close();
    scope.close();
  }
}
