package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Logits of rows on the host: (rows)(tokens)(vocabulary), or (rows)(1)(labels). */
record RowLogits(DeviceMemory memory, ForwardPass inference) {
  /** Shorter rows end with zeros. */
  float[][][] ofTokens(OutputLoss loss, int[][] inputIds) {
    TokenLayout rows = inference.layout(inputIds);
    int width = Arrays.stream(inputIds).mapToInt(row -> row.length).max().orElse(0);
    int vocabulary = inference.vocabulary();
    float[][][] logits = new float[rows.rows()][width][vocabulary];
    try (PtNDManager scope = memory.scope();
        IValue hidden = inference.infer(scope, rows, rows.everyPlace())) {
      float[] flat = loss.logits(scope, hidden).toFloatArray();
      int from = 0;
      for (int r = 0; r < inputIds.length; r++) {
        for (int t = 0; t < inputIds[r].length; t++, from += vocabulary) {
          System.arraycopy(flat, from, logits[r][t], 0, vocabulary);
        }
      }
    }
    return logits;
  }

  /**
   * @param parts of the rows, one after the other through the model
   */
  float[][][] ofLabels(List<MicroBatch> parts) {
    List<float[][]> logits = new ArrayList<>();
    for (MicroBatch part : parts) {
      try (PtNDManager scope = memory.scope()) {
        for (float[] row : LabelGoal.logits(scope, inference, part.inputIds())) {
          logits.add(new float[][] {row});
        }
      }
    }
    return logits.toArray(float[][][]::new);
  }
}
