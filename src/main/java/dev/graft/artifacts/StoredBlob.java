package dev.graft.artifacts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A blob as it was seen in the store.
 *
 * @param published when it was published last: another after each publication, not to be compared
 *     with a clock. Nanoseconds since 1970 as a file system has them, a number of {@link
 *     Publications} where it has none
 */
public record StoredBlob(BlobRef ref, long published) {
  static StoredBlob of(Digest digest, Path file) throws IOException {
    return new StoredBlob(
        new BlobRef(digest, Files.size(file)),
        Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS));
  }
}
