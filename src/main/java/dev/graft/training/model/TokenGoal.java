package dev.graft.training.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.TokenLoss;

/** The next token at each labelled position. */
record TokenGoal(OutputLoss loss, PaddedBatch rows) implements Goal {
  @Override
  public long[] picked() {
    return rows.positions();
  }

  @Override
  public Result backward(PtNDManager scope, IValue hidden, double scale) {
    return loss.backward(scope, hidden, rows.targets(), scale);
  }

  @Override
  public TokenLoss evaluate(PtNDManager scope, IValue hidden) {
    return loss.evaluate(scope, hidden, rows.targets());
  }
}
