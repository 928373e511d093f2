package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A blob of {@code -Dgraft.test.gib} (10) GiB through a bucket and back, by a program with a heap
 * of 96 MB. Takes minutes and three times its size of disk, so it runs when it is asked for.
 */
class S3LargeBlobProof {
  @Test
  void aBlobManyTimesTheHeap(@TempDir Path root) throws Exception {
    long bytes = Long.getLong("graft.test.gib", 10) << 30;
    S3Server server = S3Server.shared();
    String bucket = server.bucket();
    try {
      assertThat(sentAndRead(server, bucket, root, bytes)).startsWith(bytes + " ");
    } finally {
      server.remove(bucket);
    }
  }

  private static String sentAndRead(S3Server server, String bucket, Path root, long bytes)
      throws Exception {
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-cp",
                System.getProperty("java.class.path"),
                S3LargeBlob.class.getName(),
                server.endpoint().toString(),
                bucket,
                root.toString(),
                Long.toString(bytes))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String said = new String(program.getInputStream().readAllBytes(), UTF_8);
    assertThat(program.waitFor()).isZero();
    return said;
  }
}
