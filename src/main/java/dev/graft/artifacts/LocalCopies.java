package dev.graft.artifacts;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Predicate;

/**
 * The part of the artifact store that is on this server's disk: everything if the store is a
 * directory, otherwise copies of the blobs that programs here have read as files.
 *
 * @param cache whose store is {@code store} itself, or one of copies
 */
public record LocalCopies(ArtifactStore store, BlobCache cache) implements AutoCloseable {
  /**
   * Places files of a manifest in a directory, as {@link ManifestDirectory#materialise} does. Their
   * bytes stay on the disk as long as the files exist.
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
