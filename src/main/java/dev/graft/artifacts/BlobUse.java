package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What one reader has of a {@link BlobCache}: brought from elsewhere where it is missing, verified
 * by digest, and not evicted until this is closed. Lay it out within that time, as links.
 */
public final class BlobUse implements AutoCloseable {
  /** Where blobs come from. */
  @FunctionalInterface
  public interface Source {
    InputStream open(Digest digest) throws IOException;
  }

  private final BlobCache cache;
  final Source source;

  /** As {@code StoredBlob#published}. */
  final long time;

  /** Guarded by the cache. */
  final Map<Digest, Path> links = new HashMap<>();

  /** What is missing, with its size; guarded by the cache. */
  final Map<Digest, Long> expected = new HashMap<>();

  /** What of it there is room for, so that nobody else gets that; guarded by the cache. */
  final Map<Digest, Long> promised = new HashMap<>();

  BlobUse(BlobCache cache, Source source, long time) {
    this.cache = cache;
    this.source = source;
    this.time = time;
  }

  /**
   * A blob whose size nobody knows; the bounds may be exceeded until {@link #makeRoom}.
   *
   * @throws BlobMismatch if the source sends other content
   */
  public void blob(Digest digest) throws IOException {
    cache.fetch(this, digest, null);
  }

  /**
   * Fetches a manifest, and says that files of it will be fetched.
   *
   * @param wanted which, by the path in the manifest
   */
  public Manifest expect(Digest manifest, Predicate<String> wanted) throws IOException {
    blob(manifest);
    Manifest all = ManifestDirectory.read(cache.store, manifest);
    synchronized (cache) {
      for (Map.Entry<String, BlobRef> file : all.files().entrySet()) {
        BlobRef blob = file.getValue();
        if (!wanted.test(file.getKey()) || cache.take(this, blob.sha256(), blob.bytes())) continue;
        expected.put(blob.sha256(), blob.bytes());
      }
    }
    return all;
  }

  /**
   * Makes room for all that is expected and not there.
   *
   * @throws StorageFull if there cannot be room
   */
  public void makeRoom() throws IOException {
    cache.makeRoom(this);
  }

  /**
   * Fetches a manifest and files that it names, after making room for them. Where that fails,
   * nothing of them takes room any more.
   */
  public void directory(Digest manifest, Predicate<String> wanted) throws IOException {
    Set<Digest> before = cache.linked(this);
    try {
      Manifest all = expect(manifest, wanted);
      if (lacks()) makeRoom();
      for (Map.Entry<String, BlobRef> file : all.files().entrySet()) {
        BlobRef blob = file.getValue();
        if (wanted.test(file.getKey())) cache.fetch(this, blob.sha256(), blob.bytes());
      }
    } catch (IOException failed) {
      cache.giveUp(this, before);
      throw failed;
    }
  }

  private boolean lacks() {
    synchronized (cache) {
      return !expected.isEmpty();
    }
  }

  @Override
  public void close() throws IOException {
    cache.close(this);
  }
}
