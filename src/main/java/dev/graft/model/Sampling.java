package dev.graft.model;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Settings of the choice of the next token from its logits, in OpenAI's terms.
 *
 * @param temperature logits are divided by it; 0 = always the largest
 * @param topP tokens are drawn from the likeliest whose probabilities together reach this
 * @param frequencyPenalty subtracted from a token's logit for each occurrence in the answer
 * @param presencePenalty subtracted once if the token occurs in the answer
 * @param logitBias added to logits, by token id
 * @param seed equal seeds give equal answers
 */
public record Sampling(
    double temperature,
    double topP,
    double frequencyPenalty,
    double presencePenalty,
    Map<Integer, Double> logitBias,
    long seed) {
  /** Always chooses the likeliest token. */
  public static final Sampling GREEDY = new Sampling(0, 1, 0, 0, Map.of(), 0);

  public Sampling {
    if (!(temperature >= 0)) throw new IllegalArgumentException("temperature is " + temperature);
    if (!(topP >= 0 && topP <= 1)) throw new IllegalArgumentException("top_p is " + topP);
    logitBias = Map.copyOf(logitBias);
  }

  /** Returns the sampler of one of several answers to a prompt. */
  public Sampler sampler(int choice) {
    return new Sampler(this, choice);
  }

  /**
   * Chooses the tokens of one answer. Draw k depends only on (seed, choice, k) and the logits.
   *
   * <p>Penalties as in OpenAI's reference: {@code logit - count * frequency - (count > 0) *
   * presence} over the tokens of the answer so far. Nucleus: Holtzman et al. 2020, section 3.1.
   */
  public static final class Sampler {
    private final Sampling settings;
    private final int choice;
    private final Map<Integer, Integer> occurrences = new HashMap<>();
    private long drawn;

    Sampler(Sampling settings, int choice) {
      this.settings = settings;
      this.choice = choice;
    }

    /**
     * @param logits (vocabulary) of the next token; not changed
     * @return its id; of equally likely ones the first
     */
    public int next(float[] logits) {
      double[] scores = adjusted(logits);
      int largest = largest(scores);
      int id = settings.temperature() == 0 ? largest : draw(scores, scores[largest]);
      occurrences.merge(id, 1, Integer::sum);
      return id;
    }

    private double[] adjusted(float[] logits) {
      double[] scores = new double[logits.length];
      for (int i = 0; i < scores.length; i++) scores[i] = logits[i];
      settings.logitBias().forEach((id, bias) -> scores[id] += bias);
      occurrences.forEach(
          (id, count) ->
              scores[id] -= count * settings.frequencyPenalty() + settings.presencePenalty());
      return scores;
    }

    private static int largest(double[] scores) {
      int best = -1;
      for (int i = 0; i < scores.length; i++) {
        if (best < 0 ? scores[i] > Double.NEGATIVE_INFINITY : scores[i] > scores[best]) best = i;
      }
      if (best < 0 || scores[best] == Double.POSITIVE_INFINITY) {
        throw new IllegalStateException("the model's logits are not finite");
      }
      return best;
    }

    private int draw(double[] scores, double largest) {
      double[] weights = scores;
      for (int i = 0; i < weights.length; i++) {
        double weight = Math.exp((scores[i] - largest) / settings.temperature());
        weights[i] = weight > 0 ? weight : 0;
      }
      if (settings.topP() < 1) keepNucleus(weights);
      double total = Arrays.stream(weights).sum();
      double left = uniform() * total;
      int last = 0;
      for (int i = 0; i < weights.length; i++) {
        if (weights[i] == 0) continue;
        last = i;
        left -= weights[i];
        if (left < 0) break;
      }
      return last;
    }

    /** Sets all weights outside the nucleus to zero; the nucleus has at least one token. */
    private void keepNucleus(double[] weights) {
      double total = Arrays.stream(weights).sum();
      // Tokens below this are never needed, even all together, so that few are left to sort.
      double least = (1 - settings.topP()) * total / weights.length;
      double[] likely = Arrays.stream(weights).filter(weight -> weight >= least).toArray();
      Arrays.sort(likely);
      double wanted = settings.topP() * total;
      int first = likely.length - 1;
      for (double mass = likely[first]; mass < wanted && first > 0; mass += likely[first]) first--;
      int atLimit = 0;
      while (first + atLimit < likely.length && likely[first + atLimit] == likely[first]) atLimit++;
      keepFrom(weights, likely[first], atLimit);
    }

    /** Keeps weights above the limit, and the first ones of those equal to it. */
    private static void keepFrom(double[] weights, double limit, int atLimit) {
      int left = atLimit;
      for (int i = 0; i < weights.length; i++) {
        if (weights[i] > limit) continue;
        if (weights[i] == limit && left > 0) left--;
        else weights[i] = 0;
      }
    }

    private double uniform() {
      return (new SplitMix64(settings.seed(), choice, drawn++).next() >>> 11) * 0x1p-53;
    }
  }
}
