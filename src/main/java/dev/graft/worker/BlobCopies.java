package dev.graft.worker;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobFetch;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.jobs.lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Predicate;

/**
 * Blobs at hand on this machine: fetched by digest under a lease, verified, kept, and shared by all
 * jobs of the worker. In {@code role=all} the store is the server's and nothing is fetched.
 */
final class BlobCopies {
  private final ArtifactStore store;
  private final LeaseProtocol protocol;
  private final Path models;

  /**
   * @param models where base models appear as directories, one per manifest digest
   */
  BlobCopies(ArtifactStore store, LeaseProtocol protocol, Path models) {
    this.store = store;
    this.protocol = protocol;
    this.models = models;
  }

  /** The blob as a local read-only file. */
  Path file(LeaseKey key, Digest digest) throws IOException {
    fetch(key).blob(digest);
    return store
        .local(digest)
        .orElseThrow(() -> new IOException("the worker's store has no local files"));
  }

  /** The base model's directory; made once, then shared. */
  Path model(LeaseKey key, Digest manifest) throws IOException {
    Path directory = models.resolve(manifest.hex());
    if (Files.isDirectory(directory)) return directory;
    Files.createDirectories(models);
    Path making = Files.createTempDirectory(models, "making-");
    try {
      directory(key, manifest, making);
      Files.move(making, directory, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      throw e;
    } catch (FileSystemException e) {
      if (!Files.isDirectory(directory)) throw e; // else the other device was faster
    } finally {
      FileTrees.delete(making);
    }
    return directory;
  }

  /** Makes the files of the manifest appear in {@code target}. */
  void directory(LeaseKey key, Digest manifest, Path target) throws IOException {
    directory(key, manifest, target, name -> true);
  }

  /**
   * Makes some of them appear.
   *
   * @param wanted which, by the path in the manifest
   */
  void directory(LeaseKey key, Digest manifest, Path target, Predicate<String> wanted)
      throws IOException {
    fetch(key).directory(manifest, wanted);
    ManifestDirectory.materialise(store, manifest, target, wanted);
  }

  private BlobFetch fetch(LeaseKey key) {
    return new BlobFetch(store, digest -> protocol.open(key, digest));
  }
}
