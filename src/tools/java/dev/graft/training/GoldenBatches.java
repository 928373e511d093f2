package dev.graft.training;

import dev.graft.model.MicroBatch;
import dev.graft.model.MicroBatch.LabelBatch;
import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The rows of a golden case as a model takes them: without their padding, unless the padded width
 * changes the numbers.
 */
final class GoldenBatches {
  private final GoldenCase golden;
  private final Task task;
  private final boolean widthMatters;

  GoldenBatches(GoldenCase golden, ModelConfig config) {
    this.golden = golden;
    task = config.task();
    widthMatters =
        config instanceof DecoderConfig decoder
            && decoder.layers().stream()
                .map(DecoderConfig.LayerAttention::rope)
                .anyMatch(rope -> rope != null && rope.dependsOnPositions());
  }

  /** Those of one optimiser step. */
  List<MicroBatch> window(GoldenFile batches, int step) {
    List<MicroBatch> window = new ArrayList<>();
    for (int i = 0; i < golden.accumulation(); i++) {
      window.add(batch(batches, step * golden.accumulation() + i));
    }
    return window;
  }

  private MicroBatch batch(GoldenFile batches, int index) {
    if (golden.preference() != null) {
      return new PairBatch(side("chosen_", batches, index), side("rejected_", batches, index));
    }
    int[][] ids = batches.matrix("input_ids", index);
    if (golden.packed()) {
      return new TokenBatch(
          ids, batches.matrix("labels", index), batches.matrix("segment_ids", index));
    }
    int[][] mask = batches.matrix("attention_mask", index);
    return switch (task) {
      case Task.CausalLm() ->
          new TokenBatch(cut(ids, mask), cut(batches.matrix("labels", index), mask));
      case Task.SequenceClassification head ->
          new LabelBatch(cut(ids, mask), labels(batches, index));
    };
  }

  private TokenBatch side(String prefix, GoldenFile batches, int index) {
    int[][] mask = batches.matrix(prefix + "attention_mask", index);
    return new TokenBatch(
        cut(batches.matrix(prefix + "input_ids", index), mask),
        cut(batches.matrix(prefix + "labels", index), mask));
  }

  /** One or several numbers a row. */
  private static double[][] labels(GoldenFile batches, int index) {
    int[] shape = batches.shape("labels");
    int width = shape.length == 3 ? shape[2] : 1;
    double[] all = batches.numbers("labels");
    double[][] labels = new double[shape[1]][width];
    for (int r = 0; r < labels.length; r++) {
      System.arraycopy(all, (index * labels.length + r) * width, labels[r], 0, width);
    }
    return labels;
  }

  /** The inputs of the probe. */
  int[][] probe(GoldenFile probe) {
    return cut(probe.matrix("input_ids", 0), probe.matrix("attention_mask", 0));
  }

  /** Where the logits of the probe count, (row)(position): all of a classification. */
  int[][] probeMask(GoldenFile probe) {
    int[][] mask = probe.matrix("attention_mask", 0);
    return switch (task) {
      case Task.CausalLm() -> mask;
      case Task.SequenceClassification head -> {
        int[][] all = new int[mask.length][1];
        for (int[] row : all) row[0] = 1;
        yield all;
      }
    };
  }

  /** Each row up to its last token with mask 1: the reference stores them padded on the right. */
  private int[][] cut(int[][] rows, int[][] mask) {
    if (widthMatters) return rows;
    int[][] cut = new int[rows.length][];
    for (int r = 0; r < rows.length; r++) {
      int length = rows[r].length;
      while (length > 0 && mask[r][length - 1] == 0) length--;
      cut[r] = Arrays.copyOf(rows[r], length);
    }
    return cut;
  }
}
