package dev.graft.artifacts;

import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;

/** Stores a file in a bucket, as a program that can be killed: ENDPOINT BUCKET ROOT FILE. */
final class S3Writer {
  private S3Writer() {}

  public static void main(String[] arguments) throws Exception {
    var settings =
        S3Server.settings(
            URI.create(arguments[0]),
            arguments[1],
            "prefix=team/graft",
            "multipart-threshold=5MB",
            "part-size=5MB");
    Path root = Path.of(arguments[2]);
    try (S3ArtifactStore store = S3ArtifactStore.open(settings, root, Publications.NONE);
        InputStream in = Files.newInputStream(Path.of(arguments[3]))) {
      store.put(in, Long.MAX_VALUE);
    }
  }
}
