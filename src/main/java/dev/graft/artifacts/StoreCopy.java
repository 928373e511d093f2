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
 * Copies all blobs, and what is kept by name. Each blob is compared with its digest on the way; one
 * that is there with its length is not copied again, so what was stopped goes on where it ended.
 * Takes memory of some 200 bytes a blob.
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
   * @param verify whether what is there is read, too, and replaced if it is not what it should be
   * @param news told after each blob
   */
  public StoreCopy(ArtifactStore from, ArtifactStore to, boolean verify, Consumer<Progress> news) {
    this.from = from;
    this.to = to;
    this.verify = verify;
    this.news = news;
    this.totals = new CopyTotals();
  }

  /** How far it is: blobs that have been dealt with, and their bytes, of how many. */
  public record Progress(int blobs, int ofBlobs, long bytes, long ofBytes) {}

  /**
   * What it came to.
   *
   * @param copied blobs, of {@code bytes} together
   * @param found blobs that were there
   * @param kept other content
   * @param damaged blobs whose content is not what their name says, which are not copied
   */
  public record Copied(int copied, long bytes, int found, int kept, List<Digest> damaged) {}

  /**
   * Copies what is not there.
   *
   * @throws IOException where one of the stores fails, or the other one is another database's; what
   *     was copied until then stays
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
      // Else a blob of the right length would be taken for the right one.
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

  /** What a store keeps by name, into another: parts of uploads, and whose it is. */
  record KeptCopy(ArtifactStore from, ArtifactStore to) {
    /** How many there were. */
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
            "the store to copy to belongs to another database: nothing was copied. If it is this"
                + " one's now, remove kept/"
                + ArtifactStore.OWNER
                + " from it");
      }
    }

    /** Empty where nobody has said so yet. */
    private static byte[] owner(ArtifactStore store) throws IOException {
      try (InputStream in = store.openKept(ArtifactStore.OWNER)) {
        return in.readAllBytes();
      } catch (BlobMissing nobodys) {
        return new byte[0];
      }
    }
  }

  /** What threads that copy have done together. */
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
