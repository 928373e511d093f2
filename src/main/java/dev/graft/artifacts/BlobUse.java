package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The blobs of a {@link BlobCache} that one reader uses: fetched where they are missing, verified
 * by digest, and not evicted until this is closed. Readers link to them before they close it.
 */
public final class BlobUse implements AutoCloseable {
  /** Where blobs come from. */
  @FunctionalInterface
  public interface Source {
    InputStream open(Digest digest) throws IOException;
  }

  private final BlobCache cache;
  final Source source;

  /** The time of this use, as {@code StoredBlob#published}. */
  final long time;

  /** Guarded by the cache. */
  final Map<Digest, Path> links = new HashMap<>();

  /** Missing blobs with their sizes; guarded by the cache. */
  final Map<Digest, Long> expected = new HashMap<>();

  /** Those of the missing blobs for which room is reserved; guarded by the cache. */
  final Map<Digest, Long> promised = new HashMap<>();

  BlobUse(BlobCache cache, Source source, long time) {
    this.cache = cache;
    this.source = source;
    this.time = time;
  }

  /**
   * Fetches a blob of unknown size. The bounds may be exceeded until {@link #makeRoom}.
   *
   * @throws BlobMismatch if the source sends other content
   */
  public void blob(Digest digest) throws IOException {
    cache.fetch(this, digest, null);
  }

  /**
   * Fetches a manifest and announces that files of it will be fetched.
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
   * Makes room for all announced files that are missing.
   *
   * @throws StorageFull if there cannot be room
   */
  public void makeRoom() throws IOException {
    cache.makeRoom(this);
  }

  /**
   * Fetches a manifest and files that it names, after making room for them. If that fails, the room
   * is given back.
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
