package dev.graft.training.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.TokenLoss;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** From what the head computes to log-probabilities of tokens: the output matrix and the loss. */
final class OutputLoss {
  private final Transformer model;
  private final Plan plan;
  private final double labelSmoothing;
  private final double softcap;
  private final String output;
  private final int chunk;
  private final PtNDArray[] gradients;

  OutputLoss(Transformer model, Parameters parameters, Plan plan, double labelSmoothing) {
    this.model = model;
    this.plan = plan;
    this.labelSmoothing = labelSmoothing;
    softcap = model.family().logitSoftcap();
    output = Objects.requireNonNull(model.family().output());
    chunk = plan.lossChunk(model.family().config().vocabSize());
    gradients =
        parameters.contains(output)
            ? new PtNDArray[] {parameters.gradient(output)}
            : new PtNDArray[0];
  }

  /** Loss and its gradient, times scale. */
  Goal.Result backward(PtNDManager scope, IValue hidden, long[] targets, double scale) {
    float[] g = new float[targets.length];
    Arrays.fill(g, (float) -scale);
    String method =
        plan.kind() == Plan.Kind.AUTOGRAD ? "token_loss_autograd" : "token_loss_backward";
    List<PtNDArray> parts =
        model
            .module()
            .call(
                scope,
                method,
                hidden,
                model.tensor(output),
                scope.create(targets),
                scope.create(g),
                chunk,
                softcap,
                labelSmoothing,
                gradients);
    return new Goal.Result(parts.get(2), sum(parts.get(0), parts.get(1)));
  }

  TokenLoss evaluate(PtNDManager scope, IValue hidden, long[] targets) {
    List<PtNDArray> parts =
        model
            .module()
            .call(
                scope,
                "token_loss",
                hidden,
                model.tensor(output),
                scope.create(targets),
                chunk,
                softcap,
                labelSmoothing);
    return sum(parts.get(0), parts.get(1));
  }

  PtNDArray logits(PtNDManager scope, IValue hidden) {
    return model.module().call(scope, "logits", hidden, model.tensor(output), softcap).getFirst();
  }

  private static TokenLoss sum(PtNDArray logp, PtNDArray best) {
    double sum = 0;
    for (float each : logp.toFloatArray()) sum -= each;
    long correct = 0;
    for (boolean each : best.toBooleanArray()) if (each) correct++;
    return new TokenLoss(sum, logp.size(), correct);
  }
}
