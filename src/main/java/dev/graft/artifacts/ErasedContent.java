package dev.graft.artifacts;

import java.io.IOException;
import java.util.Set;

/** Content of departments whose rows have been erased, until it is gone from the store. */
@FunctionalInterface
public interface ErasedContent {
  /**
   * Finds out which of these blobs are being erased.
   *
   * @throws IOException if the server cannot be reached now
   */
  Erased of(Set<Digest> held) throws IOException;

  /**
   * @param digests those of the given ones that are being erased
   * @param erasures ids of all erasures that are under way
   */
  record Erased(Set<Digest> digests, Set<String> erasures) {}
}
