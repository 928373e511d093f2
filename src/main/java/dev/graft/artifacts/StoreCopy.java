package dev.graft.artifacts;

import dev.graft.artifacts.ArtifactStore.StoredBlob;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Copies all blobs and the content that is kept by name to another store. Each blob is compared
 * with its digest on the way. A blob that the target has with the same length is not copied again,
 * so that an interrupted copy continues. Needs about 200 bytes of memory per blob.
 */
public final class StoreCopy {
  private static final int AT_ONCE = 4;

  private final ArtifactStore from;
  private final ArtifactStore to;
  private final boolean verify;
  private final Consumer<Progress> news;
  private final CopyTotals totals;
  private final Map<Digest, StoredBlob> there = new HashMap<>();

  /**
   * @param verify whether blobs that the target has are read too, and replaced if they are damaged
   * @param news called after each blob
   */
  public StoreCopy(ArtifactStore from, ArtifactStore to, boolean verify, Consumer<Progress> news) {
    this.from = from;
    this.to = to;
    this.verify = verify;
    this.news = news;
    this.totals = new CopyTotals();
  }

  /** Blobs and bytes that are done, of how many. */
  public record Progress(int blobs, int ofBlobs, long bytes, long ofBytes) {}

  /**
   * The result of a copy.
   *
   * @param copied number of copied blobs
   * @param bytes of these, together
   * @param found number of blobs that the target had
   * @param kept number of named contents
   * @param damaged blobs whose content does not match their digest; they are not copied
   */
  public record Copied(int copied, long bytes, int found, int kept, List<Digest> damaged) {}

  /**
   * Copies what the target lacks.
   *
   * @throws IOException if a store fails, or the target belongs to another database; what was
   *     copied until then stays
   */
  public Copied run() throws IOException {
    KeptCopy kept = new KeptCopy(from, to);
    kept.requireSameOwner();
    try (Stream<StoredBlob> all = to.blobs()) {
      all.forEach(blob -> there.put(blob.ref().sha256(), blob));
    }
    List<BlobRef> blobs;
    try (Stream<StoredBlob> all = from.blobs()) {
      blobs = all.map(StoredBlob::ref).toList();
    }
    long bytes = blobs.stream().mapToLong(BlobRef::bytes).sum();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().factory())) {
      List<Future<?>> copies = new ArrayList<>();
      for (BlobRef blob : blobs) {
        copies.add(
            threads.submit(
                () -> {
                  copy(blob);
                  news.accept(totals.next(blob, blobs.size(), bytes));
                  return null;
                }));
      }
      await(copies, threads);
    }
    return totals.with(kept.run());
  }

  private static void await(List<Future<?>> copies, ExecutorService threads) throws IOException {
    try {
      for (Future<?> each : copies) each.get();
    } catch (ExecutionException failed) {
      threads.shutdownNow();
      if (failed.getCause() instanceof IOException of) throw of;
      throw new IOException(failed.getCause());
    } catch (InterruptedException stopped) {
      threads.shutdownNow();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  private void copy(BlobRef blob) throws IOException {
    StoredBlob seen = there.get(blob.sha256());
    if (seen != null && seen.ref().equals(blob) && (!verify || isWhole(seen.ref()))) {
      totals.found();
      return;
    }
    try (InputStream in = from.open(blob.sha256())) {
      // Otherwise a damaged blob of the right length would be kept.
      if (seen != null) to.delete(seen);
      to.put(blob, in);
      totals.copied(blob);
    } catch (BlobMissing removedMeanwhile) {
      totals.found();
    } catch (BlobMismatch damaged) {
      totals.damaged(blob);
    }
  }

  private boolean isWhole(BlobRef blob) throws IOException {
    try (InputStream in = to.open(blob.sha256())) {
      return BlobRef.of(in).equals(blob);
    }
  }

  /**
   * Copies the content that a store keeps by name: parts of uploads, and the id of its database.
   */
  record KeptCopy(ArtifactStore from, ArtifactStore to) {
    /** Returns how many there were. */
    int run() throws IOException {
      List<String> names;
      try (Stream<String> all = from.kept()) {
        names = all.toList();
      }
      int copied = 0;
      for (String name : names) {
        try (InputStream in = from.openKept(name)) {
          to.keep(name, in::transferTo, Long.MAX_VALUE);
          copied++;
        } catch (BlobMissing droppedMeanwhile) {
          // Its upload has ended.
        }
      }
      return copied;
    }

    void requireSameOwner() throws IOException {
      byte[] target = owner(to);
      if (target.length > 0 && !Arrays.equals(target, owner(from))) {
        throw new IOException(
            "the target store belongs to another database: nothing was copied. If it shall belong to"
                + " this one, remove kept/"
                + ArtifactStore.OWNER
                + " from it");
      }
    }

    /** Returns the id of the database that the store belongs to; empty if it has none yet. */
    private static byte[] owner(ArtifactStore store) throws IOException {
      try (InputStream in = store.openKept(ArtifactStore.OWNER)) {
        return in.readAllBytes();
      } catch (BlobMissing unowned) {
        return new byte[0];
      }
    }
  }

  /** Adds up the results of all copying threads. */
  static final class CopyTotals {
    private int done;
    private long doneBytes;
    private int copied;
    private long copiedBytes;
    private int found;
    private final List<Digest> damaged = new ArrayList<>();

    synchronized void found() {
      found++;
    }

    synchronized void copied(BlobRef blob) {
      copied++;
      copiedBytes += blob.bytes();
    }

    synchronized void damaged(BlobRef blob) {
      damaged.add(blob.sha256());
    }

    synchronized StoreCopy.Progress next(BlobRef blob, int of, long ofBytes) {
      done++;
      doneBytes += blob.bytes();
      return new StoreCopy.Progress(done, of, doneBytes, ofBytes);
    }

    synchronized StoreCopy.Copied with(int kept) {
      return new StoreCopy.Copied(copied, copiedBytes, found, kept, List.copyOf(damaged));
    }
  }
}
