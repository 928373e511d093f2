package dev.graft.adapters.api;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.registry.AdapterRows;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobDownload;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.manifest.Manifest;
import dev.graft.artifacts.manifest.ManifestArchive;
import dev.graft.artifacts.manifest.ManifestDirectory;
import java.io.IOException;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** The bytes of adapters: the files of the result directory, and its archive. */
@Component
class AdapterFiles {
  private static final String MERGED = "merged/";

  private final AdapterRows rows;
  private final ArtifactStore store;
  private final JsonMapper json;
  private final CompatibilityReport compatibility;

  /** Archives are made one at a time: each is long sequential work. */
  private final ReentrantLock packing = new ReentrantLock();

  AdapterFiles(
      AdapterRows rows, ArtifactStore store, JsonMapper json, CompatibilityReport compatibility) {
    this.rows = rows;
    this.store = store;
    this.json = json;
    this.compatibility = compatibility;
  }

  Manifest manifest(Adapter adapter) throws IOException {
    return ManifestDirectory.read(store, adapter.manifest());
  }

  /**
   * The directory as tar.gz. Made when first asked for and kept: gzip may differ between Java
   * versions, and the checksum of an adapter must not.
   */
  BlobRef archive(Adapter adapter) throws IOException {
    Optional<BlobRef> kept = kept(adapter);
    if (kept.isPresent()) return kept.get();
    packing.lock();
    try {
      kept = kept(adapter);
      if (kept.isPresent()) return kept.get();
      BlobRef made = ManifestArchive.store(store, withoutMerged(manifest(adapter)));
      return keep(adapter, made);
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

  AdapterResource describe(Adapter adapter) throws IOException {
    Manifest manifest = manifest(adapter);
    return AdapterResource.of(
        adapter,
        json.readTree(adapter.configuration()),
        adapter.metadata() == null ? null : json.readTree(adapter.metadata()),
        archive(adapter),
        manifest,
        compatibility.of(adapter, manifest));
  }

  /** A file of an adapter as an HTTP answer that can be resumed and checked. */
  ResponseEntity<Resource> download(
      BlobRef blob, String filename, MediaType type, HttpHeaders request) {
    return BlobDownload.of(store, blob, filename, type, request);
  }

  private Optional<BlobRef> kept(Adapter adapter) {
    return rows.archive(adapter.departmentId(), adapter.id());
  }

  /** The first of several servers to keep an archive decides. */
  private BlobRef keep(Adapter adapter, BlobRef made) {
    rows.keepArchive(adapter.departmentId(), adapter.id(), made);
    return kept(adapter).orElse(made);
  }
}
