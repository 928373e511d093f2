package dev.graft.artifacts;

import java.io.IOException;
import java.util.Set;

/** Content of departments whose rows have been erased, until it is gone from the store. */
@FunctionalInterface
public interface ErasedContent {
  /**
   * What of this is such content.
   *
   * @throws IOException where that cannot be asked now
   */
  Erased of(Set<Digest> held) throws IOException;

  /**
   * @param digests of what was asked about
   * @param erasures ids of all that are under way
   */
  record Erased(Set<Digest> digests, Set<String> erasures) {}
}
