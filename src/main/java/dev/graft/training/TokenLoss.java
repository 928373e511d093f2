package dev.graft.training;

/**
 * Cross-entropy summed (not averaged) over targets.
 *
 * @param sum nats
 * @param tokens number of targets
 * @param correct targets whose logit was the largest
 */
public record TokenLoss(double sum, long tokens, long correct) {
  public static final TokenLoss ZERO = new TokenLoss(0, 0, 0);

  public TokenLoss plus(TokenLoss other) {
    return new TokenLoss(sum + other.sum, tokens + other.tokens, correct + other.correct);
  }

  public double mean() {
    return tokens == 0 ? 0 : sum / tokens;
  }
}
