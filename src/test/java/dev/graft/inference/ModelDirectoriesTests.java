package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.artifacts.BlobMissing;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.artifacts.ManifestDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelDirectoriesTests {
  @TempDir Path directory;
  private FileArtifactStore store;
  private Digest manifest;
  private Path root;

  @BeforeEach
  void aStoredModel() throws IOException {
    store = FileArtifactStore.open(directory.resolve("store"));
    Path config = Files.writeString(directory.resolve("config.json"), "{}");
    manifest = ManifestDirectory.store(store, Map.of("config.json", config)).sha256();
    root = directory.resolve("inference");
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  @Test
  void aDirectoryStaysWhileAnybodyHoldsIt() throws IOException {
    ModelDirectories directories =
        new ModelDirectories(ModelDirectories.source(store), root, Duration.ZERO);
    LocalModels.Held first = directories.hold(manifest);
    LocalModels.Held second = directories.hold(manifest);
    assertThat(first.path()).isEqualTo(second.path());
    first.close();
    directories.prune();
    assertThat(second.path().resolve("config.json")).hasContent("{}");
    second.close();
    directories.prune();
    assertThat(root).isEmptyDirectory();
    try (LocalModels.Held again = directories.hold(manifest)) {
      assertThat(again.path().resolve("config.json")).hasContent("{}");
    }
  }

  @Test
  void aDirectoryThatWasHeldALittleWhileAgoStays() throws IOException {
    ModelDirectories directories =
        new ModelDirectories(ModelDirectories.source(store), root, Duration.ofDays(1));
    LocalModels.Held held = directories.hold(manifest);
    held.close();
    directories.prune();
    assertThat(held.path()).isDirectory();
  }

  @Test
  void linksToWhatNobodyHoldsAreGivenUpWhenBytesAreWanted() throws IOException {
    ModelDirectories directories =
        new ModelDirectories(ModelDirectories.source(store), root, Duration.ofDays(1));
    LocalModels.Held held = directories.hold(manifest);
    directories.removeIdle();
    assertThat(held.path().resolve("config.json")).hasContent("{}");
    held.close();
    directories.removeIdle();
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void whatAnEarlierProcessLeftIsTakenOverOrRemoved() throws IOException {
    Path left =
        new ModelDirectories(ModelDirectories.source(store), root, Duration.ZERO)
            .hold(manifest)
            .path();
    Path unfinished = Files.createDirectories(root.resolve("unfinished-123/deep"));
    ModelDirectories patient =
        new ModelDirectories(ModelDirectories.source(store), root, Duration.ofDays(1));
    patient.prune();
    assertThat(unfinished).doesNotExist();
    assertThat(left).isDirectory();
    new ModelDirectories(ModelDirectories.source(store), root, Duration.ZERO).prune();
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void aModelWithoutItsBlobsLeavesNoDirectory() {
    ModelDirectories directories =
        new ModelDirectories(ModelDirectories.source(store), root, Duration.ZERO);
    assertThatThrownBy(() -> directories.hold(new Digest("0".repeat(64))))
        .isInstanceOf(BlobMissing.class);
    assertThat(root).isEmptyDirectory();
    directories.prune();
  }
}
