package dev.graft.artifacts;

import java.util.ArrayList;
import java.util.List;

/** What threads that copy have done together. */
final class CopyTotals {
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
