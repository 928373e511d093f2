package dev.graft.model;

import java.util.Map;

/**
 * How the next token is chosen from its logits, in OpenAI's terms.
 *
 * @param temperature logits are divided by it; 0 = always the largest
 * @param topP only the likeliest tokens are drawn whose probabilities together reach this
 * @param frequencyPenalty taken off a token's logit for each time it is in the answer already
 * @param presencePenalty taken off once if it is there at all
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
  /** The likeliest token, always. */
  public static final Sampling GREEDY = new Sampling(0, 1, 0, 0, Map.of(), 0);

  public Sampling {
    if (!(temperature >= 0)) throw new IllegalArgumentException("temperature is " + temperature);
    if (!(topP >= 0 && topP <= 1)) throw new IllegalArgumentException("top_p is " + topP);
    logitBias = Map.copyOf(logitBias);
  }

  /** The random draws of one of several answers to a prompt. */
  public Sampler sampler(int choice) {
    return new Sampler(this, choice);
  }
}
