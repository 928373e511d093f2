package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** The next token at each labelled position. */
record TokenGoal(OutputLoss loss, TokenLayout rows) implements Goal {
  /** The same for each stretch of the tokens. */
  public TokenGoal of(TokenLayout stretch) {
    return new TokenGoal(loss, stretch);
  }

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
      float[] right = best.values();
      return sum(logps.values(), token -> right[token] > 0);
    }
  }

  @Override
  public TokenLoss evaluate(PtNDManager scope, IValue hidden) {
    TokenScores scores = loss.scores(scope, hidden, rows.targetIds());
    return sum(scores.logps(), token -> scores.best()[token]);
  }

  private static TokenLoss sum(float[] logps, IntPredicate best) {
    double sum = 0;
    for (float each : logps) sum -= each;
    long correct = IntStream.range(0, logps.length).filter(best).count();
    return new TokenLoss(sum, logps.length, correct);
  }
}
