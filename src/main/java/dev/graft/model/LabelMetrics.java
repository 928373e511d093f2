package dev.graft.model;

import dev.graft.weights.Task;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * Measures how well predicted labels fit the true ones, in scikit-learn's terms. One label: {@code
 * accuracy} and {@code f1_macro} over the classes that were true or predicted. Several labels:
 * {@code accuracy} of whole rows, {@code f1_micro}, and {@code f1_macro} over all classes; a class
 * is predicted where its logit is above 0. Regression: {@code mse}, {@code mae} and {@code
 * pearson}, omitted if one side is constant.
 */
public final class LabelMetrics {
  private final Task.SequenceClassification head;
  private final long[] both;
  private final long[] predicted;
  private final long[] actual;
  private long rows;
  private long right;
  private final List<double[]> pairs = new ArrayList<>();

  public LabelMetrics(Task.SequenceClassification head) {
    this.head = head;
    both = new long[head.numLabels()];
    predicted = new long[head.numLabels()];
    actual = new long[head.numLabels()];
  }

  public Task.Problem problem() {
    return head.problem();
  }

  /**
   * @param logits outputs of a row
   * @param label as in {@code LabelBatch}
   */
  public void add(float[] logits, double[] label) {
    rows++;
    switch (head.problem()) {
      case SINGLE_LABEL_CLASSIFICATION -> {
        int best = 0;
        for (int i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
        count(best, true, best == (int) label[0]);
        if (best != (int) label[0]) count((int) label[0], false, true);
        if (best == (int) label[0]) right++;
      }
      case MULTI_LABEL_CLASSIFICATION -> {
        boolean whole = true;
        for (int i = 0; i < logits.length; i++) {
          count(i, logits[i] > 0, label[i] > 0.5);
          whole &= logits[i] > 0 == label[i] > 0.5;
        }
        if (whole) right++;
      }
      case REGRESSION -> pairs.add(new double[] {logits[0], label[0]});
    }
  }

  private void count(int of, boolean isPredicted, boolean isActual) {
    if (isPredicted) predicted[of]++;
    if (isActual) actual[of]++;
    if (isPredicted && isActual) both[of]++;
  }

  /** Returns the metrics by name; empty without rows. */
  public Map<String, Double> named() {
    Map<String, Double> named = new LinkedHashMap<>();
    if (rows == 0) return named;
    switch (head.problem()) {
      case SINGLE_LABEL_CLASSIFICATION -> {
        named.put("accuracy", (double) right / rows);
        named.put("f1_macro", macro(false));
      }
      case MULTI_LABEL_CLASSIFICATION -> {
        named.put("accuracy", (double) right / rows);
        named.put(
            "f1_micro",
            f1(
                LongStream.of(both).sum(),
                LongStream.of(predicted).sum(),
                LongStream.of(actual).sum()));
        named.put("f1_macro", macro(true));
      }
      case REGRESSION -> regression(named);
    }
    return named;
  }

  private double macro(boolean everyClass) {
    double sum = 0;
    int classes = 0;
    for (int i = 0; i < both.length; i++) {
      if (!everyClass && predicted[i] + actual[i] == 0) continue;
      sum += f1(both[i], predicted[i], actual[i]);
      classes++;
    }
    return sum / Math.max(1, classes);
  }

  private static double f1(long both, long predicted, long actual) {
    return predicted + actual == 0 ? 0 : 2.0 * both / (predicted + actual);
  }

  private void regression(Map<String, Double> named) {
    double meanX = pairs.stream().mapToDouble(pair -> pair[0]).sum() / rows;
    double meanY = pairs.stream().mapToDouble(pair -> pair[1]).sum() / rows;
    double squares = 0;
    double absolutes = 0;
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (double[] pair : pairs) {
      double difference = pair[0] - pair[1];
      squares += difference * difference;
      absolutes += Math.abs(difference);
      xy += (pair[0] - meanX) * (pair[1] - meanY);
      xx += (pair[0] - meanX) * (pair[0] - meanX);
      yy += (pair[1] - meanY) * (pair[1] - meanY);
    }
    named.put("mse", squares / rows);
    named.put("mae", absolutes / rows);
    if (xx > 0 && yy > 0) named.put("pearson", xy / Math.sqrt(xx * yy));
  }
}
