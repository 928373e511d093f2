package dev.graft.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestDirectoryTests {
  @TempDir Path directory;
  private FileArtifactStore store;

  @BeforeEach
  void open() throws IOException {
    store = FileArtifactStore.open(directory.resolve("store"));
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private BlobRef storeTwoFiles() throws IOException {
    Path a = Files.writeString(directory.resolve("first"), "aaa");
    Path b = Files.writeString(directory.resolve("second"), "bb");
    return ManifestDirectory.store(store, Map.of("config.json", a, "deep/er.txt", b));
  }

  @Test
  void aStoredDirectoryAppearsAgain() throws IOException {
    Path target = directory.resolve("target");
    ManifestDirectory.materialise(store, storeTwoFiles().sha256(), target, name -> true);
    assertThat(target.resolve("config.json")).hasContent("aaa");
    assertThat(target.resolve("deep/er.txt")).hasContent("bb");
  }

  @Test
  void materialisingNeverWritesOverAFile() throws IOException {
    Digest manifest = storeTwoFiles().sha256();
    ManifestDirectory.materialise(store, manifest, directory.resolve("target"), name -> true);
    assertThatThrownBy(
            () ->
                ManifestDirectory.materialise(
                    store, manifest, directory.resolve("target"), name -> true))
        .hasMessageContaining("already there");
  }

  @Test
  void theArchiveDependsOnNothingButPathsAndContent() throws IOException {
    Manifest manifest = ManifestDirectory.read(store, storeTwoFiles().sha256());
    BlobRef archive = DirectoryArchive.ManifestArchive.store(store, manifest);
    assertThat(DirectoryArchive.ManifestArchive.store(store, manifest)).isEqualTo(archive);
    try (var tar = new TarArchiveInputStream(new GZIPInputStream(store.open(archive.sha256())))) {
      var first = tar.getNextEntry();
      assertThat(first.getName()).isEqualTo("config.json");
      assertThat(first.getLastModifiedTime().toMillis()).isZero();
      assertThat(tar.readAllBytes()).asString().isEqualTo("aaa");
      assertThat(tar.getNextEntry().getName()).isEqualTo("deep/er.txt");
      assertThat(tar.readAllBytes()).asString().isEqualTo("bb");
      assertThat(tar.getNextEntry()).isNull();
    }
  }
}
