package dev.graft.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** The model's own probabilities of the next token, before temperature, penalties and biases. */
public final class LogProbabilities {
  /** Natural logarithm. */
  public record Scored(int id, double logProbability) {}

  private final float[] logits;
  private final double logSum;

  /**
   * @param logits (vocabulary)
   */
  public LogProbabilities(float[] logits) {
    this.logits = logits;
    double largest = Double.NEGATIVE_INFINITY;
    for (float each : logits) largest = Math.max(largest, each);
    double sum = 0;
    for (float each : logits) sum += Math.exp(each - largest);
    logSum = largest + Math.log(sum);
  }

  public Scored of(int id) {
    return new Scored(id, logits[id] - logSum);
  }

  /** Returns the likeliest tokens, most likely first; of equal ones the first. */
  public List<Scored> top(int count) {
    Comparator<Integer> worstFirst =
        Comparator.<Integer>comparingDouble(id -> logits[id])
            .thenComparing(Comparator.reverseOrder());
    PriorityQueue<Integer> best = new PriorityQueue<>(worstFirst);
    for (int id = 0; id < logits.length && count > 0; id++) {
      if (best.size() == count) {
        if (logits[id] <= logits[best.element()]) continue;
        best.remove();
      }
      best.add(id);
    }
    List<Scored> top = new ArrayList<>();
    while (!best.isEmpty()) top.addFirst(of(best.remove()));
    return top;
  }
}
