package dev.graft.inference;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A token of an answer and what the model thought of it.
 *
 * @param bytes of UTF-8, perhaps a part of a character
 * @param logProbability natural logarithm, of the model's own distribution; null at the very first
 *     token of a prompt
 * @param offset code points before it in the choice's text
 * @param top the likeliest tokens in its place, best first
 */
record TokenScore(byte[] bytes, @Nullable Double logProbability, int offset, List<Candidate> top) {
  public TokenScore {
    top = List.copyOf(top);
  }

  /** A token that could have been there. */
  public record Candidate(byte[] bytes, double logProbability) {}
}
