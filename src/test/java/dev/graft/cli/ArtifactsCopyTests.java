package dev.graft.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.artifacts.S3Server;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code graft artifacts copy}, with the configuration of a server. */
class ArtifactsCopyTests {
  @TempDir Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int copy(Path data, String... arguments) {
    CommandLine line =
        GraftCommand.all()
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionExceptionHandler(new FailureReport())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err));
    String[] all = new String[arguments.length + 4];
    System.arraycopy(
        new String[] {"artifacts", "copy", "--data-dir", data.toString()}, 0, all, 0, 4);
    System.arraycopy(arguments, 0, all, 4, arguments.length);
    return line.execute(all);
  }

  private String config(String bucket) throws IOException {
    String properties =
        S3Server.shared().properties(bucket).entrySet().stream()
            .map(each -> each.getKey() + "=" + each.getValue())
            .collect(Collectors.joining("\n"));
    return Files.writeString(directory.resolve("graft.properties"), properties).toString();
  }

  private BlobRef stored(Path data) throws IOException {
    try (FileArtifactStore files = FileArtifactStore.open(data.resolve("artifacts"))) {
      return files.put(new ByteArrayInputStream("content".getBytes(UTF_8)), 100);
    }
  }

  @Test
  void fromADataDirectoryToABucketAndFromThereToAnother() throws IOException {
    String config = config(S3Server.shared().bucket());
    Path data = directory.resolve("data");
    BlobRef blob = stored(data);
    assertThat(copy(data, "--config", config, "--from", "filesystem", "--to", "s3"))
        .as("%s", err)
        .isZero();
    assertThat(copy(data, "--config", config, "--from", "filesystem", "--to", "s3", "--verify"))
        .isZero();
    assertThat(out.toString().lines())
        .containsExactly(
            "1 copied (7 bytes), 0 already there, 0 named files copied, 0 damaged",
            "0 copied (0 bytes), 1 already there, 0 named files copied, 0 damaged");
    Path other = directory.resolve("other");
    assertThat(copy(other, "--config", config, "--from", "s3", "--to", "filesystem")).isZero();
    try (FileArtifactStore files = FileArtifactStore.open(other.resolve("artifacts"))) {
      assertThat(files.stat(blob.sha256())).contains(blob);
    }
  }

  @Test
  void damageEndsWithStatusOneAndIsNamed() throws IOException {
    Path data = directory.resolve("data");
    BlobRef blob = stored(data);
    try (FileArtifactStore files = FileArtifactStore.open(data.resolve("artifacts"))) {
      Files.delete(files.path(blob.sha256()));
      Files.writeString(files.path(blob.sha256()), "damaged");
    }
    String config = config(S3Server.shared().bucket());
    assertThat(copy(data, "--config", config, "--from", "filesystem", "--to", "s3")).isOne();
    assertThat(err.toString()).contains("damaged, not copied: sha256:" + blob.sha256());
  }

  @Test
  void whatCannotBeIsSaidInOneLine() throws IOException {
    Path data = directory.resolve("data");
    assertThat(copy(data, "--from", "s3", "--to", "s3")).isEqualTo(2);
    assertThat(copy(data, "--from", "filesystem", "--to", "s3")).isEqualTo(2);
    stored(data);
    assertThat(copy(data, "--from", "filesystem", "--to", "s3")).isEqualTo(3);
    assertThat(err.toString())
        .contains("must differ", "pass the server's --data-dir", "graft.artifacts.s3.bucket");
  }
}
