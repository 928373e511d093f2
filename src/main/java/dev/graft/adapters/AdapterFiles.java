package dev.graft.adapters;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.DirectoryArchive.ManifestArchive;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestDirectory;
import java.io.IOException;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.springframework.stereotype.Component;

/** The bytes of adapters: the files of the result directory, and its archive. */
@Component
class AdapterFiles {
  private static final String MERGED = "merged/";

  private final Adapters adapters;
  private final ArtifactStore store;

  /** Archives are made one at a time: each is long sequential work. */
  private final ReentrantLock packing = new ReentrantLock();

  AdapterFiles(Adapters adapters, ArtifactStore store) {
    this.adapters = adapters;
    this.store = store;
  }

  Manifest manifest(Adapter adapter) throws IOException {
    return ManifestDirectory.read(store, adapter.manifest());
  }

  /**
   * The directory as tar.gz. Made when first asked for and kept: gzip may differ between Java
   * versions, and the checksum of an adapter must not.
   */
  BlobRef archive(Adapter adapter) throws IOException {
    if (adapter.archive() != null) return adapter.archive();
    packing.lock();
    try {
      Optional<BlobRef> kept = adapters.any(adapter.id()).map(Adapter::archive);
      if (kept.isPresent()) return kept.get();
      return adapters.keepArchive(
          adapter, ManifestArchive.store(store, withoutMerged(manifest(adapter))));
    } finally {
      packing.unlock();
    }
  }

  /** A whole model beside an adapter is asked for by its files, not with every download. */
  private static Manifest withoutMerged(Manifest manifest) {
    TreeMap<String, BlobRef> files = new TreeMap<>(manifest.files());
    files.keySet().removeIf(name -> name.startsWith(MERGED));
    return new Manifest(files);
  }
}
