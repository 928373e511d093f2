package dev.graft.inference;

import java.io.IOException;
import java.util.Collection;
import java.util.function.Predicate;

/** Where an engine looks for adapters. */
sealed interface AdapterPlace extends AutoCloseable permits ResolverDirectory, ResolverBucket {
  /**
   * Has an adapter under its name, whole or not at all; what is there already is not made again.
   *
   * @return its path as the engine sees it
   */
  String put(Served adapter, VllmForm.Source source) throws IOException, VllmForm.NotLoadable;

  /** Whether Graft has laid out what an engine has loaded from this path. */
  boolean isOurs(String path);

  /**
   * Removes the other names, and the files of adapters that are deleted. Of an adapter that is
   * there they stay: an engine that has loaded it reads them again when it has dropped it from
   * memory.
   *
   * @param exists by the adapter's id
   */
  void keepOnly(Collection<Served> adapters, Predicate<String> exists) throws IOException;

  @Override
  default void close() {}
}
