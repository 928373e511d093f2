package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.model.StepObserver.MicroBatchCost;

/**
 * Some rows on their way up to the loss and down to the gradients. Made and closed by the device's
 * own thread; any thread may {@link #run} it.
 */
final class RowsPass implements AutoCloseable {
  private final ForwardPass forward;
  private final int logical;
  private final Goal goal;
  private final PtNDManager scope;
  private final BatchInputs inputs;
  private final LayerPass layers;

  /**
   * @param logical tokens of the rows
   * @param among see {@link FittingParts.Part}
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

  /** The way through the layers of some inputs, and the scope of both. */
  interface Layers {
    LayerPass of(BatchInputs inputs, PtNDManager scope);
  }

  record Result(PendingLoss loss, MicroBatchCost cost) {}

  /**
   * @param scale of the gradients
   * @param lowest stage that trains
   */
  Result run(double scale, int lowest, Readout readout) {
    try {
      return upAndDown(scale, lowest, readout);
    } catch (RuntimeException | Error e) {
      layers.failed(e);
      throw e;
    }
  }

  private Result upAndDown(double scale, int lowest, Readout readout) {
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
        StepCost.of(forward, logical, goal, atLoss - begun, atDown - atLoss, down));
  }

  @Override
  public void close() {
    layers.close();
    inputs.close();
    scope.close();
  }
}
