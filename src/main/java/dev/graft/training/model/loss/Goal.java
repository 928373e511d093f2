package dev.graft.training.model.loss;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.metrics.TokenLoss;
import dev.graft.training.model.forward.TokenLayout;

/** What a micro-batch should give: where the head looks, and how far off its output is. */
public sealed interface Goal permits TokenGoal, LabelGoal, PairGoal {
  TokenLayout rows();

  /** Tokens that the head looks at. */
  long[] picked();

  /** Loss of the head's output and its gradient times scale. */
  Result backward(PtNDManager scope, IValue output, double scale);

  TokenLoss evaluate(PtNDManager scope, IValue output);

  /**
   * @param gradient at the head's output
   */
  record Result(PtNDArray gradient, TokenLoss loss) {}
}
