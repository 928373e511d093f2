package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Manifests as directories on disk, in both directions. */
public final class ManifestDirectory {
  private ManifestDirectory() {}

  /**
   * Returns the manifest stored under this digest. Throws {@code BlobMissing}, {@link
   * Manifest.InvalidManifest}.
   */
  public static Manifest read(ArtifactStore store, Digest manifest) throws IOException {
    try (InputStream in = store.open(manifest, 0, Manifest.ManifestJson.MAX_BYTES + 1L)) {
      return Manifest.parse(in.readAllBytes());
    }
  }

  /** Stores these files and their manifest; returns the manifest's blob. */
  public static BlobRef store(ArtifactStore store, Map<String, Path> files) throws IOException {
    TreeMap<String, BlobRef> stored = new TreeMap<>();
    for (Map.Entry<String, Path> file : files.entrySet()) {
      try (InputStream in = Files.newInputStream(file.getValue())) {
        stored.put(file.getKey(), store.put(in, Long.MAX_VALUE));
      }
    }
    byte[] json = new Manifest(stored).toJson();
    try (ArtifactStore.StagedBlob staged = store.stage(out -> out.write(json), json.length)) {
      return staged.publish();
    }
  }

  /**
   * Places files of the manifest in {@code target} (created if absent, must not hold other files of
   * these names): hard links to the local blobs, or copies where links are not possible. Treat them
   * as read-only, because they share their bytes with the store.
   *
   * @param wanted which, by the path in the manifest
   */
  public static void materialise(
      ArtifactStore store, Digest manifest, Path target, Predicate<String> wanted)
      throws IOException {
    Files.createDirectories(target);
    for (Map.Entry<String, BlobRef> file : read(store, manifest).files().entrySet()) {
      if (!wanted.test(file.getKey())) continue;
      Path path = target.resolve(file.getKey());
      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException("already there: " + path);
      }
      Path parent = path.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      place(store, file.getValue(), path);
    }
  }

  /** Places one blob as a file, in the same way. */
  public static void place(ArtifactStore store, Digest blob, Path path) throws IOException {
    Optional<Path> local = store.local(blob);
    if (local.isEmpty() || !link(local.get(), path)) {
      try (InputStream in = store.open(blob)) {
        Files.copy(in, path);
      }
    }
  }

  private static void place(ArtifactStore store, BlobRef blob, Path path) throws IOException {
    place(store, blob.sha256(), path);
    if (Files.size(path) != blob.bytes()) {
      throw new BlobMismatch("blob " + blob.sha256() + " is not " + blob.bytes() + " bytes long");
    }
  }

  private static boolean link(Path blob, Path path) throws IOException {
    try {
      Files.createLink(path, blob);
      return true;
    } catch (UnsupportedOperationException | FileSystemException e) {
      return false; // another file system, or one without links
    }
  }
}
