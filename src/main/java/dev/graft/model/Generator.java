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

  /** Token ids are below this. */
  int vocabulary();

  /** Tokens that a prompt and its answer may have together, with the adapter of now. */
  int context();

  /**
   * Reads a prompt.
   *
   * @throws IllegalArgumentException if it is empty, longer than the context or has unknown ids
   */
  Text read(int[] prompt);

  /**
   * Reads a prompt and tells what was expected at its tokens.
   *
   * @param first position that is told of, and all after it; at least 1
   * @throws IllegalArgumentException as {@link #read(int[])}
   */
  Text read(int[] prompt, int first, Expectations expectations);

  /** Hears the logits (vocabulary) of the token at a position, given those before it. */
  interface Expectations {
    void at(int position, float[] logits);
  }

  /** What has been read, and what may come next. */
  interface Text extends AutoCloseable {
    /** (vocabulary) of the next token; not to be changed. */
    float[] logits();

    /** Reads one token more. */
    void append(int id);

    /** Back to the end of the prompt, for another answer to it. */
    void rewind();

    @Override
    void close();
  }

  @Override
  void close();
}
