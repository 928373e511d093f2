package dev.graft.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A loss that may still be on the device; reading one reads all of its step.
 *
 * @param known whether the host has it, so that reading does not wait
 */
public record PendingLoss(boolean known, Supplier<TokenLoss> loss) {
  public TokenLoss read() {
    return loss.get();
  }

  public static PendingLoss of(TokenLoss loss) {
    return new PendingLoss(true, () -> loss);
  }

  public static PendingLoss sum(List<PendingLoss> parts) {
    return new PendingLoss(
        parts.stream().allMatch(PendingLoss::known),
        () -> parts.stream().map(PendingLoss::read).reduce(TokenLoss.ZERO, TokenLoss::plus));
  }

  /** Returns the same loss, changed when it is read. */
  PendingLoss then(UnaryOperator<TokenLoss> change) {
    return new PendingLoss(known, () -> change.apply(read()));
  }

  /**
   * A loss summed (not averaged) over targets: the cross-entropy of tokens, or the loss of pairs.
   *
   * @param sum nats
   * @param tokens number of targets
   * @param correct tokens with the largest logit: of targets, or of chosen completions
   * @param pairs metrics of pairs; {@link PairMetrics#NONE} without pairs
   * @param computed tokens that the layers computed, those of a common prefix once; 0 if not
   *     counted
   */
  public record TokenLoss(double sum, long tokens, long correct, PairMetrics pairs, long computed) {
    public static final TokenLoss ZERO = new TokenLoss(0, 0, 0);

    /** A loss without pairs. */
    public TokenLoss(double sum, long tokens, long correct) {
      this(sum, tokens, correct, PairMetrics.NONE);
    }

    /** A loss whose computed tokens are not counted. */
    public TokenLoss(double sum, long tokens, long correct, PairMetrics pairs) {
      this(sum, tokens, correct, pairs, 0);
    }

    /** Returns the same loss with the tokens that were computed for it. */
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

    /** Returns the same sum over another number of targets. */
    public TokenLoss counted(long targets) {
      return new TokenLoss(sum, targets, correct, pairs, computed);
    }

    public double mean() {
      return tokens == 0 ? 0 : sum / tokens;
    }

    /** Returns the share of right tokens, as TRL's {@code mean_token_accuracy}. */
    public double accuracy() {
      long of = pairs.pairs() == 0 ? tokens : pairs.chosenTokens();
      return (double) correct / Math.max(1, of);
    }

    /** Returns the number of tokens whose probability the loss depends on. */
    public long trainedTokens() {
      return pairs.pairs() == 0 ? tokens : pairs.chosenTokens() + pairs.rejectedTokens();
    }
  }

  /**
   * The metrics of pairs that TRL's trainers report, as sums over the pairs. A reward is beta times
   * the log-ratio of model and reference; with ORPO beta times the mean log-probability of a token.
   *
   * @param accurate pairs whose chosen side has the larger reward
   * @param nll mean loss of the chosen text times pairs; ORPO only, else 0
   * @param chosenTokens of completions
   * @param rejectedTokens of completions
   */
  public record PairMetrics(
      long pairs,
      double chosenRewards,
      double rejectedRewards,
      long accurate,
      double chosenLogps,
      double rejectedLogps,
      double nll,
      long chosenTokens,
      long rejectedTokens) {
    public static final PairMetrics NONE = new PairMetrics(0, 0, 0, 0, 0, 0, 0, 0, 0);

    public PairMetrics plus(PairMetrics other) {
      return new PairMetrics(
          pairs + other.pairs,
          chosenRewards + other.chosenRewards,
          rejectedRewards + other.rejectedRewards,
          accurate + other.accurate,
          chosenLogps + other.chosenLogps,
          rejectedLogps + other.rejectedLogps,
          nll + other.nll,
          chosenTokens + other.chosenTokens,
          rejectedTokens + other.rejectedTokens);
    }

    /** Returns means over the pairs by TRL's names; empty without pairs. */
    public Map<String, Double> named() {
      Map<String, Double> named = new LinkedHashMap<>();
      if (pairs == 0) return named;
      named.put("rewards/chosen", chosenRewards / pairs);
      named.put("rewards/rejected", rejectedRewards / pairs);
      named.put("rewards/accuracies", (double) accurate / pairs);
      named.put("rewards/margins", (chosenRewards - rejectedRewards) / pairs);
      named.put("logps/chosen", chosenLogps / pairs);
      named.put("logps/rejected", rejectedLogps / pairs);
      if (nll != 0) named.put("nll_loss", nll / pairs);
      return named;
    }
  }
}
