package dev.graft.training.model.loss;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.metrics.TokenLoss;
import dev.graft.training.model.forward.TokenLayout;
import java.util.Arrays;

/** The next token at each labelled position. */
public record TokenGoal(OutputLoss loss, TokenLayout rows) implements Goal {
  @Override
  public long[] picked() {
    return rows.predicting();
  }

  @Override
  public Result backward(PtNDManager scope, IValue hidden, double scale) {
    float[] g = new float[rows.predicting().length];
    Arrays.fill(g, (float) -scale);
    OutputLoss.Descent descent = loss.backward(scope, hidden, rows.targetIds(), g);
    return new Result(descent.gradient(), sum(descent.scores()));
  }

  @Override
  public TokenLoss evaluate(PtNDManager scope, IValue hidden) {
    return sum(loss.scores(scope, hidden, rows.targetIds()));
  }

  private static TokenLoss sum(OutputLoss.Scores scores) {
    double sum = 0;
    for (float each : scores.logps()) sum -= each;
    long correct = 0;
    for (boolean each : scores.best()) if (each) correct++;
    return new TokenLoss(sum, scores.logps().length, correct);
  }
}
