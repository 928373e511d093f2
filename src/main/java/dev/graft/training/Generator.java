package dev.graft.training;

import java.nio.file.Path;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Greedy decoding with a key-value cache, on a base model with at most one adapter. One platform
 * thread.
 */
public interface Generator extends AutoCloseable {
  /**
   * Loads (or removes, with null) a PEFT directory on top of the base.
   *
   * @throws IllegalArgumentException if the adapter does not fit the base, saying where
   */
  void adapter(@Nullable Path directory);

  /**
   * @param prompt token ids
   * @param stop ids that end the answer (not returned)
   * @param onToken called with each new id as it comes
   * @return the new ids, without the stop id, and why it ended
   */
  Generation generate(int[] prompt, int maxNewTokens, Set<Integer> stop, IntConsumer onToken);

  record Generation(int[] ids, boolean stopped) {}

  @Override
  void close();
}
