package dev.graft.model;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A base model with at most one adapter that continues texts. One platform thread. */
public interface Generator extends AutoCloseable {
  /**
   * Loads (or removes, with null) a PEFT directory on top of the base. No {@link Text} may be open.
   *
   * @throws IllegalArgumentException if the adapter does not fit the base, saying where
   */
  void adapter(@Nullable Path directory);

  /** Returns the size of the vocabulary; token ids are below it. */
  int vocabulary();

  /** Returns the maximum tokens of a prompt and its answer together, with the current adapter. */
  int context();

  /**
   * Reads a prompt.
   *
   * @throws IllegalArgumentException if it is empty, longer than the context or has unknown ids
   */
  Text read(int[] prompt);

  /**
   * Reads a prompt and reports the logits of its tokens.
   *
   * @param first position that is reported, and all after it; at least 1
   * @throws IllegalArgumentException as {@link #read(int[])}
   */
  Text read(int[] prompt, int first, Expectations expectations);

  /** Receives the logits (vocabulary) of the token at a position, given the earlier ones. */
  interface Expectations {
    void at(int position, float[] logits);
  }

  /** A prompt that has been read, with one answer to it so far. */
  interface Text extends AutoCloseable {
    /** Returns the logits (vocabulary) of the next token; callers must not change them. */
    float[] logits();

    /** Reads one more token. */
    void append(int id);

    /** Returns to the end of the prompt, for another answer to it. */
    void rewind();

    @Override
    void close();
  }

  @Override
  void close();
}
