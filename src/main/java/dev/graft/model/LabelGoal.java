package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.weights.Task;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The labels of each row, from the logits of one of its tokens. There are few logits, so the loss
 * is computed here, in double, when it is read. Its gradient is computed on the device.
 *
 * @param labels (rows)(1) or (rows)(outputs), see {@link LabelBatch}
 */
record LabelGoal(
    DeviceMemory memory, Task.Problem problem, TokenLayout rows, long[] picked, double[][] labels)
    implements Goal {
  /**
   * @throws IllegalArgumentException if the model has no head for labels, or labels do not fit it
   */
  public static LabelGoal of(LabelBatch batch, ForwardPass pass) {
    Family family = pass.model().family();
    Task.SequenceClassification head =
        switch (family.config().task()) {
          case Task.SequenceClassification found -> found;
          case Task.CausalLm() ->
              throw new IllegalArgumentException("the model predicts tokens, not labels");
        };
    TokenLayout rows = pass.layout(batch.inputIds());
    LabelLoss.requireFitting(head, batch.labels(), rows.rows());
    long[] picked = picked(family, rows, batch.inputIds());
    return new LabelGoal(pass.model().memory(), head.problem(), rows, picked, batch.labels());
  }

  /**
   * The token that speaks for each row: an encoder's first, virtual or not; a decoder's last one
   * that is not {@code pad_token_id}, found in the ids as transformers does, or its last where
   * there is no such id.
   */
  private static long[] picked(Family family, TokenLayout rows, int[][] ids) {
    long[] picked = new long[ids.length];
    for (int r = 0; r < ids.length; r++) {
      picked[r] =
          family.bidirectional()
              ? rows.begin(r)
              : rows.places()[r][last(ids[r], family.config().padTokenId())];
    }
    return picked;
  }

  private static int last(int[] row, @Nullable Integer padding) {
    int last = row.length - 1;
    if (padding == null) return last;
    while (last > 0 && row[last] == padding) last--;
    return last;
  }

  /**
   * @param inputIds (rows)(tokens)
   * @return (rows)(outputs)
   */
  public static float[][] logits(PtNDManager scope, ForwardPass inference, int[][] inputIds) {
    TokenLayout rows = inference.layout(inputIds);
    long[] picked = picked(inference.model().family(), rows, inputIds);
    try (IValue output = inference.infer(scope, rows, picked)) {
      float[] flat = output.toTensor(scope).toFloatArray();
      int outputs = flat.length / inputIds.length;
      float[][] logits = new float[inputIds.length][];
      for (int r = 0; r < logits.length; r++) {
        logits[r] = Arrays.copyOfRange(flat, r * outputs, (r + 1) * outputs);
      }
      return logits;
    }
  }

  @Override
  public Result backward(PtNDManager scope, IValue logits, double scale, Readout readout) {
    PtNDArray output = logits.toTensor(scope);
    PtNDArray gradient =
        memory
            .module()
            .call(scope, "label_gradient", problem.wireName(), output, sent(scope), scale)
            .getFirst();
    return new Result(gradient, new Scored(this, readout.add(output)));
  }

  private PtNDArray sent(PtNDManager scope) {
    double[] all = Arrays.stream(labels).flatMapToDouble(Arrays::stream).toArray();
    Upload upload = new Upload();
    switch (problem) {
      case SINGLE_LABEL_CLASSIFICATION ->
          upload.add(Arrays.stream(all).mapToLong(each -> (long) each).toArray(), all.length);
      case MULTI_LABEL_CLASSIFICATION, REGRESSION ->
          upload.add(all, labels.length, labels[0].length);
    }
    return upload.send(memory, scope).getFirst();
  }

  private record Scored(LabelGoal goal, Readout.Numbers logits) implements PendingLoss.OnDevice {
    @Override
    public TokenLoss read() {
      return LabelLoss.of(goal.problem(), logits.values(), goal.labels());
    }
  }

  @Override
  public TokenLoss evaluate(PtNDManager scope, IValue logits) {
    return LabelLoss.of(problem, logits.toTensor(scope).toFloatArray(), labels);
  }
}
