package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Computes log-probabilities of tokens from the output of the head, and their gradients. */
final class OutputLoss {
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
   * Returns the loss of a model that trains.
   *
   * @param part the part of the output matrix that trains if the matrix itself does not; null =
   *     none
   */
  public static OutputLoss of(
      Transformer model,
      Parameters parameters,
      Tuner.@Nullable OutputPart part,
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

  /** Returns the loss of a model that does not train. */
  public static OutputLoss frozen(Transformer model, ComputePlan plan) {
    return new OutputLoss(model, plan, 0);
  }

  /** Returns whether a part of the output matrix trains. */
  public boolean trains() {
    return gradients.length > 0;
  }

  public TokenScores scores(PtNDManager scope, IValue hidden, long[] targets) {
    return TokenScores.of(scores(scope, hidden, upload(scope, targets, new float[0]).getFirst()));
  }

  /**
   * Returns the log-probabilities of the targets, and whether each had the largest logit, on the
   * device.
   */
  private List<PtNDArray> scores(PtNDManager scope, IValue hidden, PtNDArray targets) {
    return memory()
        .module()
        .call(
            scope,
            "token_loss",
            hidden,
            model.tensor(output),
            targets,
            chunk,
            tile,
            softcap,
            labelSmoothing);
  }

  /**
   * Adds to the gradient of the output matrix where it trains.
   *
   * @param g derivative of the loss by the log-probability of each target
   */
  TokenScores.Descent backward(PtNDManager scope, IValue hidden, long[] targets, float[] g) {
    List<PtNDArray> sent = upload(scope, targets, g);
    return backward(scope, hidden, sent.get(0), sent.get(1));
  }

  private TokenScores.Descent backward(
      PtNDManager scope, IValue hidden, PtNDArray targets, PtNDArray g) {
    String method =
        plan.kind() == ComputePlan.Kind.AUTOGRAD ? "token_loss_autograd" : "token_loss_backward";
    List<PtNDArray> parts =
        memory()
            .module()
            .call(
                scope,
                method,
                hidden,
                model.tensor(output),
                targets,
                g,
                chunk,
                tile,
                softcap,
                labelSmoothing,
                gradients);
    return new TokenScores.Descent(parts.get(0), parts.get(1), parts.get(2));
  }

  /**
   * Computes gradients where the derivatives depend on the log-probabilities. A row's gradient is
   * proportional to its derivative, so the logits are computed once, unless the output matrix
   * trains, whose gradient is a sum over rows.
   *
   * @param derivatives from (targets) to as many, on the device
   */
  TokenScores.Descent backward(
      PtNDManager scope, IValue hidden, long[] targets, UnaryOperator<PtNDArray> derivatives) {
    if (gradients.length > 0) {
      PtNDArray sent = upload(scope, targets, new float[0]).getFirst();
      PtNDArray logps = scores(scope, hidden, sent).getFirst();
      return backward(scope, hidden, sent, derivatives.apply(logps));
    }
    float[] ones = new float[targets.length];
    Arrays.fill(ones, 1);
    TokenScores.Descent each = backward(scope, hidden, targets, ones);
    memory().run("scale_rows", each.gradient(), derivatives.apply(each.logps()));
    return each;
  }

  DeviceMemory memory() {
    return model.memory();
  }

  private List<PtNDArray> upload(PtNDManager scope, long[] targets, float[] g) {
    DeviceMemory.Upload upload = new DeviceMemory.Upload();
    upload.add(targets, targets.length);
    upload.add(g, g.length);
    return upload.send(model.memory(), scope);
  }

  public PtNDArray logits(PtNDManager scope, IValue hidden) {
    return memory().call(scope, "logits", hidden, model.tensor(output), softcap);
  }

  /**
   * The model's scores of targets.
   *
   * @param logps log-probability of each
   * @param best whether each had the largest logit
   */
  record TokenScores(float[] logps, boolean[] best) {
    static TokenScores of(List<PtNDArray> parts) {
      return new TokenScores(parts.get(0).toFloatArray(), parts.get(1).toBooleanArray());
    }

    /**
     * The scores on the device, with the gradient at the head's output.
     *
     * @param logps (targets)
     * @param best (targets)
     * @param gradient (targets, hidden)
     */
    record Descent(PtNDArray logps, PtNDArray best, PtNDArray gradient) {}
  }
}
