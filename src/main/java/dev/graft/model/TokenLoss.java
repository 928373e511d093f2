package dev.graft.model;

/**
 * A loss summed (not averaged) over targets: of tokens the cross-entropy, of pairs their own loss.
 *
 * @param sum nats
 * @param tokens number of targets
 * @param correct tokens whose logit was the largest: of targets, or of chosen completions
 * @param pairs what else is known of pairs; {@link PairMetrics#NONE} without any
 * @param computed tokens that went through the layers for it, those of a common beginning once; 0
 *     where they are not counted
 */
public record TokenLoss(double sum, long tokens, long correct, PairMetrics pairs, long computed) {
  public static final TokenLoss ZERO = new TokenLoss(0, 0, 0);

  /** Without pairs. */
  public TokenLoss(double sum, long tokens, long correct) {
    this(sum, tokens, correct, PairMetrics.NONE);
  }

  /** Of tokens that are not counted. */
  public TokenLoss(double sum, long tokens, long correct, PairMetrics pairs) {
    this(sum, tokens, correct, pairs, 0);
  }

  /** The same, with the tokens that were computed for it. */
  public TokenLoss computed(long layout) {
    return new TokenLoss(sum, tokens, correct, pairs, layout);
  }

  public TokenLoss plus(TokenLoss other) {
    return new TokenLoss(
        sum + other.sum,
        tokens + other.tokens,
        correct + other.correct,
        pairs.plus(other.pairs),
        computed + other.computed);
  }

  /** The same sum as that of so many targets. */
  public TokenLoss counted(long targets) {
    return new TokenLoss(sum, targets, correct, pairs, computed);
  }

  public double mean() {
    return tokens == 0 ? 0 : sum / tokens;
  }

  /** Share of the tokens that were right, as TRL's {@code mean_token_accuracy}. */
  public double accuracy() {
    long of = pairs.pairs() == 0 ? tokens : pairs.chosenTokens();
    return (double) correct / Math.max(1, of);
  }

  /** Tokens whose probability the loss is about. */
  public long trainedTokens() {
    return pairs.pairs() == 0 ? tokens : pairs.chosenTokens() + pairs.rejectedTokens();
  }
}
