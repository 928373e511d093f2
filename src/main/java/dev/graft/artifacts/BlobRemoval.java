package dev.graft.artifacts;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Removes blobs that any process may publish again meanwhile, without a lock: a blob is first put
 * aside, out of reach of publications, and then looked at. One that was published before is given
 * back; one that is published after is a new file. What a killed process left aside is given back.
 *
 * @param aside a directory of the same file system
 */
record BlobRemoval(FileArtifactStore store, Path aside) {
  private static final Pattern NAME = Pattern.compile("([0-9a-f]{64})\\..*");

  /** False if it is gone, or has been published since it was seen. */
  boolean remove(StoredBlob seen) throws IOException {
    if (!isStill(seen, store.path(seen.ref().sha256()))) return false;
    Path file = putAside(seen.ref().sha256());
    return file != null && settle(seen, file);
  }

  /**
   * Removes a copy that nothing else links to. Looked at again when it lies aside: whoever links it
   * before keeps it, whoever comes after finds it gone.
   */
  boolean removeUnlinked(Digest digest) throws IOException {
    Path file = putAside(digest);
    if (file == null) return false;
    if (links(file) == 1) return Files.deleteIfExists(file);
    giveBack(digest, file);
    return false;
  }

  boolean isUnlinked(Digest digest) throws IOException {
    return links(store.path(digest)) == 1;
  }

  /** 0 if it is gone. */
  private static int links(Path file) throws IOException {
    try {
      return (Integer) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException gone) {
      return 0;
    }
  }

  /** Under a name of its own: another process may be at the same blob. Null if it is gone. */
  @Nullable Path putAside(Digest digest) throws IOException {
    Path file = aside.resolve(digest + "." + UUID.randomUUID());
    try {
      return Files.move(store.path(digest), file, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException gone) {
      return null;
    }
  }

  boolean settle(StoredBlob seen, Path file) throws IOException {
    if (isStill(seen, file)) return Files.deleteIfExists(file);
    giveBack(seen.ref().sha256(), file);
    return false;
  }

  /** Whatever lies aside. A removal that is under way in another process finds it gone. */
  void giveBackAll() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(aside)) {
      for (Path file : files) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (name.matches()) giveBack(new Digest(name.group(1)), file);
      }
    }
  }

  private void giveBack(Digest digest, Path file) throws IOException {
    try {
      Path directory = store.directory(digest);
      Files.createLink(store.path(digest), file);
      FileArtifactStore.flush(directory);
    } catch (FileAlreadyExistsException publishedAnew) {
      // The same content lies there.
    } catch (NoSuchFileException givenBack) {
      return;
    }
    Files.deleteIfExists(file);
  }

  private static boolean isStill(StoredBlob seen, Path file) throws IOException {
    try {
      return StoredBlob.of(seen.ref().sha256(), file).equals(seen);
    } catch (NoSuchFileException gone) {
      return false;
    }
  }
}
