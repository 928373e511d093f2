package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

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
