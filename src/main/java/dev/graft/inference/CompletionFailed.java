package dev.graft.inference;

import java.time.Duration;

/** A model did not answer this time. */
public final class CompletionFailed extends Exception {
  private static final long serialVersionUID = 1L;

  private static final Duration SOON = Duration.ofSeconds(2);

  private final Duration retryAfter;
  private final boolean busy;

  /** For one that is worth another try. */
  public static CompletionFailed of(InferenceRefused refused) {
    return new CompletionFailed(
        refused.getMessage(), refused.retryAfter().orElse(SOON), refused.busy());
  }

  /**
   * @param why a sentence for people
   */
  public CompletionFailed(String why, Duration retryAfter, boolean busy) {
    super(why);
    this.retryAfter = retryAfter;
    this.busy = busy;
  }

  /** A sentence for people. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }

  public Duration retryAfter() {
    return retryAfter;
  }

  /** Whether nobody was there for the question; else it was asked, and something broke. */
  public boolean busy() {
    return busy;
  }
}
