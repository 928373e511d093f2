package dev.graft.inference;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

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
      delete(unfinished);
      throw failed;
    }
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) return;
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
