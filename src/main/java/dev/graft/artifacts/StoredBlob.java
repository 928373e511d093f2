package dev.graft.artifacts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A blob as it was seen in the store.
 *
 * @param published when it was published last, in nanoseconds since 1970 as the file system has
 *     them: not to be compared with a clock, but another after each publication
 */
public record StoredBlob(BlobRef ref, long published) {
  static StoredBlob of(Digest digest, Path file) throws IOException {
    return new StoredBlob(
        new BlobRef(digest, Files.size(file)),
        Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS));
  }
}
