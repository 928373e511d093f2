package dev.graft.model;

import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.weights.Task;

/**
 * The loss of a classification or regression by transformers' {@code problem_type}, summed over
 * rows, or over rows and outputs, instead of its mean. Kernel {@code losses.labels} computes the
 * gradient.
 */
public final class LabelLoss {
  private LabelLoss() {}

  /**
   * @param logits (rows outputs)
   * @param labels (rows)(1) the class, or (rows)(outputs)
   */
  public static TokenLoss of(Task.Problem problem, float[] logits, double[][] labels) {
    return switch (problem) {
      case SINGLE_LABEL_CLASSIFICATION -> crossEntropy(logits, labels);
      case MULTI_LABEL_CLASSIFICATION -> binary(logits, labels);
      case REGRESSION -> squared(logits, labels);
    };
  }

  /** Counts a class as right if its logit is the largest, of equal ones the first. */
  private static TokenLoss crossEntropy(float[] logits, double[][] labels) {
    int outputs = logits.length / labels.length;
    double sum = 0;
    long correct = 0;
    for (int r = 0; r < labels.length; r++) {
      int from = r * outputs;
      int best = from;
      for (int i = from; i < from + outputs; i++) if (logits[i] > logits[best]) best = i;
      double total = 0;
      for (int i = from; i < from + outputs; i++) {
        total += Math.exp((double) logits[i] - logits[best]);
      }
      int target = from + (int) labels[r][0];
      sum += Math.log(total) + logits[best] - logits[target];
      if (best == target) correct++;
    }
    return new TokenLoss(sum, labels.length, correct);
  }

  /** Counts each output as right if it is on the label's side of 0. */
  private static TokenLoss binary(float[] logits, double[][] labels) {
    double sum = 0;
    long correct = 0;
    for (int i = 0; i < logits.length; i++) {
      double x = logits[i];
      double y = label(labels, i);
      sum += Math.max(x, 0) - x * y + Math.log1p(Math.exp(-Math.abs(x)));
      if (x > 0 == y > 0.5) correct++;
    }
    return new TokenLoss(sum, logits.length, correct);
  }

  /** Counts nothing as right. */
  private static TokenLoss squared(float[] logits, double[][] labels) {
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      double difference = logits[i] - label(labels, i);
      sum += difference * difference;
    }
    return new TokenLoss(sum, logits.length, 0);
  }

  private static double label(double[][] labels, int index) {
    int outputs = labels[0].length;
    return labels[index / outputs][index % outputs];
  }

  /**
   * @throws IllegalArgumentException if a row's labels do not fit the head
   */
  static void requireFitting(Task.SequenceClassification head, double[][] labels, int rows) {
    boolean single = head.problem() == Task.Problem.SINGLE_LABEL_CLASSIFICATION;
    int width = single ? 1 : head.numLabels();
    if (labels.length != rows) {
      throw new IllegalArgumentException("a micro-batch needs labels for each row");
    }
    for (int r = 0; r < rows; r++) {
      double[] row = labels[r];
      if (row.length != width) {
        throw new IllegalArgumentException(
            "row %d has %d labels, but the model has %d".formatted(r, row.length, width));
      }
      if (single && !(row[0] >= 0 && row[0] < head.numLabels() && row[0] == Math.rint(row[0]))) {
        throw new IllegalArgumentException(
            "row %d has label %s, which is not one of %d".formatted(r, row[0], head.numLabels()));
      }
    }
  }
}
