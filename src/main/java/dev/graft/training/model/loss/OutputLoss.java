package dev.graft.training.model.loss;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.ComputePlan;
import dev.graft.training.model.forward.Transformer;
import dev.graft.training.model.optimizer.Parameters;
import dev.graft.training.tuner.part.OutputPart;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** From what the head computes to log-probabilities of tokens, and back. */
public final class OutputLoss {
  private final Transformer model;
  private final ComputePlan plan;
  private final double labelSmoothing;
  private final double softcap;
  private final String output;
  private final int chunk;
  private final int tile;
  private final PtNDArray[] gradients;

  private OutputLoss(
      Transformer model, ComputePlan plan, double labelSmoothing, PtNDArray... gradients) {
    this.model = model;
    this.plan = plan;
    this.labelSmoothing = labelSmoothing;
    this.gradients = gradients;
    softcap = model.family().logitSoftcap();
    output = Objects.requireNonNull(model.output());
    chunk = plan.lossChunk(model.family().config().vocabSize(), gradients.length > 0);
    tile = plan.lossTile();
  }

  /**
   * Of a model that trains.
   *
   * @param part what trains of the output matrix where it does not train itself; null = nothing
   */
  public static OutputLoss of(
      Transformer model,
      Parameters parameters,
      @Nullable OutputPart part,
      ComputePlan plan,
      double labelSmoothing) {
    String output = Objects.requireNonNull(model.output());
    if (parameters.contains(output)) {
      return new OutputLoss(model, plan, labelSmoothing, parameters.gradient(output));
    }
    if (part == null) return new OutputLoss(model, plan, labelSmoothing);
    PtNDArray gradient = parameters.gradient(part.slot());
    return part.rows() == null
        ? new OutputLoss(model, plan, labelSmoothing, gradient)
        : new OutputLoss(model, plan, labelSmoothing, gradient, model.tensor(part.rows()));
  }

  /** Of a model that does not. */
  public static OutputLoss frozen(Transformer model, ComputePlan plan) {
    return new OutputLoss(model, plan, 0);
  }

  /**
   * Targets as the model sees them.
   *
   * @param logps log-probability of each
   * @param best whether it had the largest logit
   */
  record Scores(float[] logps, boolean[] best) {
    static Scores of(List<PtNDArray> parts) {
      return new Scores(parts.get(0).toFloatArray(), parts.get(1).toBooleanArray());
    }
  }

  /**
   * @param gradient at the head's output
   */
  record Descent(Scores scores, PtNDArray gradient) {}

  public Scores scores(PtNDManager scope, IValue hidden, long[] targets) {
    return Scores.of(
        model
            .module()
            .call(
                scope,
                "token_loss",
                hidden,
                model.tensor(output),
                scope.create(targets),
                chunk,
                tile,
                softcap,
                labelSmoothing));
  }

  /**
   * Adds to the gradient of the output matrix where it trains.
   *
   * @param g derivative of the loss by the log-probability of each target
   */
  Descent backward(PtNDManager scope, IValue hidden, long[] targets, float[] g) {
    String method =
        plan.kind() == ComputePlan.Kind.AUTOGRAD ? "token_loss_autograd" : "token_loss_backward";
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
                tile,
                softcap,
                labelSmoothing,
                gradients);
    return new Descent(Scores.of(parts), parts.get(2));
  }

  /**
   * The same where the derivatives depend on the scores. A row's gradient is its derivative times
   * something that does not depend on it, so the logits are computed once, unless the output matrix
   * trains: it has the sum over the rows.
   */
  Descent backward(
      PtNDManager scope, IValue hidden, long[] targets, Function<Scores, float[]> derivatives) {
    if (gradients.length > 0) {
      return backward(scope, hidden, targets, derivatives.apply(scores(scope, hidden, targets)));
    }
    float[] ones = new float[targets.length];
    Arrays.fill(ones, 1);
    Descent each = backward(scope, hidden, targets, ones);
    float[] g = derivatives.apply(each.scores());
    model.module().run("scale_rows", each.gradient(), scope.create(g));
    return each;
  }

  public PtNDArray logits(PtNDManager scope, IValue hidden) {
    return model.module().call(scope, "logits", hidden, model.tensor(output), softcap).getFirst();
  }
}
