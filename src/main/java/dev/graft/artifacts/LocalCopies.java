package dev.graft.artifacts;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Predicate;

/**
 * What a server has on its own disk of what its store holds: all of it, where that is a directory,
 * else copies of what programs here have read as files.
 *
 * @param cache whose store is {@code store} itself, or one of copies
 */
public record LocalCopies(ArtifactStore store, BlobCache cache) implements AutoCloseable {
  /**
   * Makes files of a manifest appear in a directory, as {@link ManifestDirectory#materialise} does;
   * while they are there, their bytes stay on the disk.
   */
  public void materialise(Digest manifest, Path target, Predicate<String> wanted)
      throws IOException {
    if (cache.store() == store) {
      ManifestDirectory.materialise(store, manifest, target, wanted);
      return;
    }
    try (BlobUse use = cache.use(store::open)) {
      use.directory(manifest, wanted);
      ManifestDirectory.materialise(cache.store(), manifest, target, wanted);
    }
  }

  @Override
  public void close() throws IOException {
    if (cache.store() != store) cache.store().close();
  }
}
