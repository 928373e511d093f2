package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/** A blob to be, as a temporary file in the file system of the store. */
record StagedFile(FileArtifactStore store, Path file, BlobRef ref) implements StagedBlob {

  static StagedFile write(FileArtifactStore store, Path file, BlobContent content, long maxBytes)
      throws IOException {
    boolean complete = false;
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      BlobOutputStream out = new BlobOutputStream(channel, maxBytes);
      content.writeTo(out);
      StagedFile staged = new StagedFile(store, file, out.finish());
      complete = true;
      return staged;
    } catch (IOException e) {
      throw StorageFull.orSame(e);
    } finally {
      if (!complete) {
        Files.deleteIfExists(file);
      }
    }
  }

  @Override
  public InputStream open() throws IOException {
    return Files.newInputStream(file);
  }

  @Override
  public BlobRef publish() throws IOException {
    try {
      makeDurable();
      // What is published is what lies there, not what we believe we wrote.
      try (InputStream in = open()) {
        FileArtifactStore.check(ref, FileArtifactStore.digest(in, Long.MAX_VALUE));
      }
      Path directory = store.directory(ref.sha256());
      link(store.path(ref.sha256()));
      FileArtifactStore.flush(directory);
      return ref;
    } catch (IOException e) {
      throw StorageFull.orSame(e);
    }
  }

  /** Leaves the store's staging area under another name, durable but for its directory. */
  void moveTo(Path target) throws IOException {
    makeDurable();
    Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
  }

  private void makeDurable() throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r-----"));
  }

  private void link(Path target) throws IOException {
    try {
      Files.createLink(target, file);
    } catch (FileAlreadyExistsException e) {
      if (Files.size(target) != ref.bytes()) {
        // Damaged outside of Graft: these bytes were just verified, so they replace it.
        Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
