package dev.graft.inference;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Manifests as directories that a child process can read, named by digest and made once. They share
 * their bytes with the store where the file system allows.
 */
final class ModelDirectories {
  private final ArtifactStore store;
  private final Path root;

  ModelDirectories(ArtifactStore store, Path root) {
    this.store = store;
    this.root = root;
  }

  /** The directory with the files of this manifest. */
  synchronized Path of(Digest manifest) throws IOException {
    Path directory = root.resolve(manifest.hex());
    if (Files.isDirectory(directory)) return directory;
    Files.createDirectories(root);
    Path unfinished = Files.createTempDirectory(root, "unfinished-");
    try {
      ManifestDirectory.materialise(store, manifest, unfinished);
      return Files.move(unfinished, directory, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RuntimeException failed) {
      FileTrees.delete(unfinished);
      throw failed;
    }
  }
}
