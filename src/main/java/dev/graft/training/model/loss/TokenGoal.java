package dev.graft.training.model.loss;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.PendingLoss;
import dev.graft.training.metrics.TokenLoss;
import dev.graft.training.model.device.Readout;
import dev.graft.training.model.forward.TokenLayout;
import java.util.Arrays;

/** The next token at each labelled position. */
public record TokenGoal(OutputLoss loss, TokenLayout rows) implements Goal {
  @Override
  public long[] picked() {
    return rows.predicting();
  }

  @Override
  public Result backward(PtNDManager scope, IValue hidden, double scale, Readout readout) {
    float[] g = new float[rows.predicting().length];
    Arrays.fill(g, (float) -scale);
    TokenScores.Descent descent = loss.backward(scope, hidden, rows.targetIds(), g);
    return new Result(
        descent.gradient(), new Scored(readout.add(descent.logps()), readout.add(descent.best())));
  }

  /** Log-probabilities of the targets, and 1 where one had the largest logit. */
  private record Scored(Readout.Numbers logps, Readout.Numbers best)
      implements PendingLoss.OnDevice {
    @Override
    public TokenLoss read() {
      double sum = 0;
      for (float each : logps.values()) sum -= each;
      long correct = 0;
      for (float each : best.values()) if (each > 0) correct++;
      return new TokenLoss(sum, logps.values().length, correct);
    }
  }

  @Override
  public TokenLoss evaluate(PtNDManager scope, IValue hidden) {
    return sum(loss.scores(scope, hidden, rows.targetIds()));
  }

  private static TokenLoss sum(TokenScores scores) {
    double sum = 0;
    for (float each : scores.logps()) sum -= each;
    long correct = 0;
    for (boolean each : scores.best()) if (each) correct++;
    return new TokenLoss(sum, scores.logps().length, correct);
  }
}
