package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;

/** What a micro-batch should give: where the head looks, and how far off its output is. */
sealed interface Goal permits TokenGoal, LabelGoal, PairGoal {
  TokenLayout rows();

  /** Tokens that the head looks at. */
  long[] picked();

  /**
   * Loss of the head's output and its gradient times scale.
   *
   * @param readout takes what the loss is made of, where it stays on the device
   */
  Result backward(PtNDManager scope, IValue output, double scale, Readout readout);

  TokenLoss evaluate(PtNDManager scope, IValue output);

  /**
   * @param gradient at the head's output
   */
  record Result(PtNDArray gradient, PendingLoss loss) {}
}
