package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.artifacts.StagedFile.BlobOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileArtifactStoreTests extends ArtifactStoreContract {
  @TempDir Path root;
  private FileArtifactStore store;

  @BeforeEach
  void open() throws IOException {
    store = FileArtifactStore.open(root);
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  @Override
  ArtifactStore store() {
    return store;
  }

  @Override
  boolean isEmpty() throws IOException {
    try (var files = Files.walk(root)) {
      return files.noneMatch(f -> Files.isRegularFile(f) && !f.toString().endsWith(".lock"));
    }
  }

  @Test
  void aBlobIsAReadOnlyFileNamedByItsDigest() throws IOException {
    BlobRef blob = store.put(new ByteArrayInputStream("x".getBytes(UTF_8)), 1);
    String hex = blob.sha256().hex();
    Path file = root.resolve("blobs/sha256/" + hex.substring(0, 2) + "/" + hex.substring(2));
    assertThat(store.local(blob.sha256())).contains(file);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("r--r-----");
    assertThat(file).hasContent("x");
  }

  @Test
  void aDamagedBlobIsReplacedByPuttingItAgain() throws IOException {
    byte[] content = "whole".getBytes(UTF_8);
    BlobRef blob = store.put(new ByteArrayInputStream(content), 5);
    Path file = store.path(blob.sha256());
    Files.delete(file);
    Files.writeString(file, "who");
    store.put(new ByteArrayInputStream(content), 5);
    assertThat(file).hasContent("whole");
  }

  @Test
  void leftoversOfADeadProcessAreRemovedAndThoseOfALivingOneStay() throws Exception {
    Path dead = Files.createDirectory(root.resolve("tmp/dead"));
    Files.writeString(Files.createDirectory(dead.resolve("deep")).resolve("half"), "ha");
    Files.createFile(root.resolve("tmp/dead.lock"));
    Path nobodys = Files.createDirectory(root.resolve("tmp/nobodys"));
    Path live = Files.createDirectory(root.resolve("tmp/live"));
    Files.writeString(live.resolve("half"), "ha");
    Process other = otherProcessHolding(root.resolve("tmp/live.lock"));
    try {
      assertThat(other.getInputStream().read()).isEqualTo('L');
      FileArtifactStore.open(root).close();
      assertThat(dead).doesNotExist();
      assertThat(nobodys).doesNotExist();
      assertThat(live.resolve("half")).exists();
    } finally {
      other.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
    FileArtifactStore.open(root).close();
    assertThat(live).doesNotExist();
  }

  private Process otherProcessHolding(Path lock) throws IOException {
    Path program = root.resolve("Hold.java");
    Files.writeString(
        program,
        """
        void main(String[] arguments) throws Exception {
          var channel = java.nio.channels.FileChannel.open(java.nio.file.Path.of(arguments[0]),
              java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.WRITE);
          channel.lock();
          System.out.print("L");
          System.out.flush();
          System.in.read();
        }
        """);
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return new ProcessBuilder(java, program.toString(), lock.toString()).start();
  }

  @Test
  void shortWritesAreContinued() throws IOException {
    var sink = new java.io.ByteArrayOutputStream();
    var oneByteAtATime =
        new WritableByteChannel() {
          @Override
          public int write(ByteBuffer source) {
            sink.write(source.get());
            return 1;
          }

          @Override
          public boolean isOpen() {
            return true;
          }

          @Override
          public void close() {}
        };
    BlobOutputStream out = new BlobOutputStream(oneByteAtATime, 100, null);
    out.write("short".getBytes(UTF_8));
    assertThat(out.end()).isEqualTo(5);
    assertThat(sink.toString(UTF_8)).isEqualTo("short");
  }

  @Test
  void aFullDiskIsSaidAsSuch() throws IOException {
    try (FileChannel full = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE)) {
      BlobOutputStream out = new BlobOutputStream(full, 100, null);
      out.write(1);
      assertThatThrownBy(out::end)
          .satisfies(
              e -> assertThat(StorageFull.orSame((IOException) e)).isInstanceOf(StorageFull.class));
    }
  }
}
