package dev.graft.model;

import dev.graft.weights.Task;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A base model with at most one adapter that labels texts. One platform thread. */
public interface Classifier extends AutoCloseable {
  /**
   * Loads (or removes, with null) a PEFT directory with its head on top of the base.
   *
   * @throws IllegalArgumentException if it has no head, or does not fit the base, saying where
   */
  void adapter(@Nullable Path directory);

  /** What the outputs mean, with the adapter of now; null where no head has been trained. */
  Task.@Nullable SequenceClassification head();

  /** Tokens that a text may have, with what the tokenizer puts around it. */
  int context();

  /**
   * @param inputIds (texts)(tokens), at least one text and one token each
   * @return (texts)(outputs)
   * @throws IllegalStateException if there is no {@link #head}
   */
  float[][] logits(int[][] inputIds);

  @Override
  void close();
}
