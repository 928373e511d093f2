package dev.graft.artifacts;

import dev.graft.artifacts.ArtifactStore.StoredBlob;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of blobs in a bounded store on this machine. Before a fetch, room is made by evicting
 * blobs that are not in use, least recently used first.
 *
 * <p>A blob is in use while a second link to its file exists: one that a {@link BlobUse} holds
 * among its process's temporary files, or one in the directory of a run or of a loaded model. So
 * several processes may share a store, and the links of a killed process go when its directories
 * are swept. A file that is only open or mapped may be evicted: its reader continues, but the disk
 * space is free only when it ends. A long-running reader therefore keeps a link.
 *
 * <p>The order of use is that of the files' modification times. These are no clock times: each use
 * is later than all uses before it, independent of the clock.
 *
 * <p>How it fails: content that does not fit is a {@link StorageFull} and evicts nothing. A blob is
 * absent or whole even if a process is killed. The fetches of other processes are not known here:
 * if they fill the disk, that is a {@link StorageFull} too.
 */
public final class BlobCache {
  private static final Logger log = LoggerFactory.getLogger(BlobCache.class);
  private static final long NEXT_USE = TimeUnit.MILLISECONDS.toNanos(1);

  /** Within one use the largest first: few evictions now, and few fetches at the next use. */
  private static final Comparator<StoredBlob> LONGEST_UNUSED =
      Comparator.comparingLong(StoredBlob::published)
          .thenComparing(
              Comparator.comparingLong((StoredBlob blob) -> blob.ref().bytes()).reversed());

  /**
   * @param size of all copies together, in bytes
   * @param keepFree bytes of the disk that copies leave free for content of unknown size, such as
   *     data, checkpoints and results
   */
  public record Bounds(long size, long keepFree) {}

  /** The file system of the copies. */
  interface Disk {
    long free() throws IOException;
  }

  final FileArtifactStore store;
  private final @Nullable Bounds bounds;
  private final Disk disk;
  private final Set<BlobUse> uses = new HashSet<>();
  private final Set<Digest> arriving = new HashSet<>();
  private final List<Runnable> idle = new ArrayList<>();

  /** The time of the latest use, as {@link StoredBlob#published}. */
  private long latest;

  BlobCache(FileArtifactStore store, @Nullable Bounds bounds, Disk disk) throws IOException {
    this.store = store;
    this.bounds = bounds;
    this.disk = disk;
    if (bounds != null) copies();
  }

  /** Returns a cache with bounds, in a store of its own. */
  public static BlobCache of(FileArtifactStore store, Bounds bounds) throws IOException {
    BlobCache cache = new BlobCache(store, bounds, store::free);
    log.atInfo()
        .addKeyValue("bytes", cache.bytes())
        .addKeyValue("size", bounds.size())
        .addKeyValue("keep_free", bounds.keepFree())
        .log("copies_found");
    return cache;
  }

  /** Returns a cache without bounds, for a store that has everything and is swept by others. */
  public static BlobCache unbounded(FileArtifactStore store) throws IOException {
    return new BlobCache(store, null, store::free);
  }

  public FileArtifactStore store() {
    return store;
  }

  /** Registers a callback that runs before an eviction and gives up links that are not in use. */
  public synchronized void beforeEviction(Runnable givesUp) {
    idle.add(givesUp);
  }

  /** Begins a use; the blobs that it fetches are not evicted before it is closed. */
  public synchronized BlobUse use(BlobUse.Source source) {
    latest += NEXT_USE;
    BlobUse use = new BlobUse(this, source, latest);
    uses.add(use);
    return use;
  }

  synchronized void close(BlobUse use) throws IOException {
    uses.remove(use);
    for (Path link : use.links.values()) Files.deleteIfExists(link);
  }

  synchronized Set<Digest> linked(BlobUse use) {
    return Set.copyOf(use.links.keySet());
  }

  /** Drops the announced fetches of a use and the links that it has made since. */
  synchronized void giveUp(BlobUse use, Set<Digest> before) throws IOException {
    use.expected.clear();
    use.promised.clear();
    for (Digest digest : linked(use)) {
      if (before.contains(digest)) continue;
      Path link = use.links.remove(digest);
      if (link != null) Files.deleteIfExists(link);
    }
  }

  /**
   * Takes a blob into use; returns false if it is missing or has another size.
   *
   * @param bytes its size; null = unknown
   */
  synchronized boolean take(BlobUse use, Digest digest, @Nullable Long bytes) throws IOException {
    if (use.links.containsKey(digest)) return true;
    BlobRef there = store.stat(digest).orElse(null);
    if (there == null || (bytes != null && there.bytes() != bytes)) return false;
    if (bounds != null) {
      Path link = store.link(digest, use.time);
      if (link == null) return false;
      use.links.put(digest, link);
    }
    use.expected.remove(digest);
    use.promised.remove(digest);
    return true;
  }

  /** Fetches a missing blob, once for all uses that wait for it. */
  void fetch(BlobUse use, Digest digest, @Nullable Long bytes) throws IOException {
    if (!begin(use, digest, bytes)) return;
    try (InputStream in = use.source.open(digest);
        ArtifactStore.StagedBlob staged =
            store.stage(in::transferTo, bytes == null ? Long.MAX_VALUE : bytes)) {
      if (!staged.ref().sha256().equals(digest)) {
        throw new BlobMismatch("the server sent other content than " + digest);
      }
      staged.publish();
      if (!take(use, digest, bytes)) throw new BlobMissing(digest + " is gone again");
    } finally {
      end(digest);
    }
  }

  private synchronized boolean begin(BlobUse use, Digest digest, @Nullable Long bytes)
      throws IOException {
    try {
      while (arriving.contains(digest)) wait();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
    return !take(use, digest, bytes) && arriving.add(digest);
  }

  private synchronized void end(Digest digest) {
    arriving.remove(digest);
    notifyAll();
  }

  /**
   * Evicts until the copies, the missing blobs of this use and the room reserved for others are
   * within the bounds.
   *
   * @throws StorageFull if that is impossible and this use has missing blobs
   */
  synchronized void makeRoom(BlobUse use) throws IOException {
    if (bounds == null) return;
    for (Digest digest : List.copyOf(use.expected.keySet())) {
      take(use, digest, use.expected.get(digest));
    }
    List<StoredBlob> copies = copies();
    long held = copies.stream().mapToLong(copy -> copy.ref().bytes()).sum();
    long awaited = awaited(use, copies);
    long free = disk.free();
    long excess = Math.max(held + awaited - bounds.size(), awaited + bounds.keepFree() - free);
    use.promised.putAll(use.expected);
    if (excess <= 0) return;
    idle.forEach(Runnable::run);
    List<StoredBlob> unused = unused(copies);
    long evictable = unused.stream().mapToLong(copy -> copy.ref().bytes()).sum();
    if (excess > evictable && !use.expected.isEmpty()) {
      use.promised.keySet().removeAll(use.expected.keySet());
      throw new StorageFull(
          ("%d bytes cannot be fetched: %d bytes are allowed for copies, of which %d are in use;"
                  + " %d bytes of the disk are free, of which %d must stay free")
              .formatted(awaited, bounds.size(), held - evictable, free, bounds.keepFree()));
    }
    for (StoredBlob copy : unused) {
      if (excess <= 0) break;
      if (evict(copy, held)) {
        held -= copy.ref().bytes();
        excess -= copy.ref().bytes();
      }
    }
  }

  /** Returns the digests of all copies; empty for a cache without bounds. */
  public Set<Digest> held() throws IOException {
    if (bounds == null) return Set.of();
    return copies().stream().map(copy -> copy.ref().sha256()).collect(Collectors.toSet());
  }

  /** Removes the copies of these blobs that are not in use, and links that are not in use. */
  public synchronized void forget(Set<Digest> digests) throws IOException {
    idle.forEach(Runnable::run);
    if (bounds == null) return;
    List<StoredBlob> copies = copies();
    long held = copies.stream().mapToLong(copy -> copy.ref().bytes()).sum();
    for (StoredBlob copy : unused(copies)) {
      if (digests.contains(copy.ref().sha256()) && evict(copy, held)) held -= copy.ref().bytes();
    }
  }

  /**
   * Returns the bytes that this use lacks and that are reserved for others. A blob that is just
   * arriving counts whole, although a part of it is on the disk.
   */
  private long awaited(BlobUse use, List<StoredBlob> copies) {
    Map<Digest, Long> lacking = new HashMap<>(use.expected);
    for (BlobUse each : uses) lacking.putAll(each.promised);
    copies.forEach(copy -> lacking.remove(copy.ref().sha256(), copy.ref().bytes()));
    return lacking.values().stream().mapToLong(Long::longValue).sum();
  }

  private List<StoredBlob> unused(List<StoredBlob> copies) throws IOException {
    List<StoredBlob> unused = new ArrayList<>();
    for (StoredBlob copy : copies) {
      Digest digest = copy.ref().sha256();
      if (!arriving.contains(digest) && store.isUnlinked(digest)) unused.add(copy);
    }
    unused.sort(LONGEST_UNUSED);
    return unused;
  }

  private boolean evict(StoredBlob copy, long held) throws IOException {
    Digest digest = copy.ref().sha256();
    if (!store.removeUnlinked(digest)) return false;
    log.atInfo()
        .addKeyValue("blob", digest)
        .addKeyValue("bytes", copy.ref().bytes())
        .addKeyValue("left", held - copy.ref().bytes())
        .log("copy_evicted");
    return true;
  }

  private synchronized List<StoredBlob> copies() throws IOException {
    try (Stream<StoredBlob> all = store.blobs()) {
      List<StoredBlob> copies = all.toList();
      // Other processes use copies too.
      for (StoredBlob copy : copies) latest = Math.max(latest, copy.published());
      return copies;
    }
  }

  /** Returns the size of all copies together. */
  public long bytes() throws IOException {
    return copies().stream().mapToLong(copy -> copy.ref().bytes()).sum();
  }
}
