package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** A future blob as a temporary file in the file system of the store. */
record StagedFile(FileArtifactStore store, Path file, BlobRef ref)
    implements ArtifactStore.StagedBlob {

  static StagedFile write(
      FileArtifactStore store, Path file, ArtifactStore.BlobContent content, long maxBytes)
      throws IOException {
    return new StagedFile(store, file, fill(file, content, maxBytes));
  }

  /** Writes a new file; leaves none if that fails. */
  static BlobRef fill(Path file, ArtifactStore.BlobContent content, long maxBytes)
      throws IOException {
    boolean complete = false;
    try (FileChannel channel = create(file)) {
      MessageDigest sha256 = Digest.sha256();
      BlobOutputStream out = new BlobOutputStream(channel, maxBytes, sha256);
      content.writeTo(out);
      long bytes = out.end();
      complete = true;
      return new BlobRef(Digest.finish(sha256), bytes);
    } catch (IOException e) {
      throw StorageFull.orSame(e);
    } finally {
      if (!complete) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Stages the content and publishes it if it is as announced. */
  static void put(ArtifactStore store, BlobRef expected, InputStream in) throws IOException {
    try (ArtifactStore.StagedBlob staged = store.stage(in::transferTo, expected.bytes())) {
      FileArtifactStore.check(expected, staged.ref());
      staged.publish();
    } catch (BlobTooLarge e) {
      throw new BlobMismatch("longer than the " + expected.bytes() + " bytes announced");
    }
  }

  @Override
  public InputStream open() throws IOException {
    return Files.newInputStream(file);
  }

  @Override
  public BlobRef publish() throws IOException {
    try {
      verifyAndMakeDurable();
      Path directory = store.directory(ref.sha256());
      link(store.path(ref.sha256()));
      FileArtifactStore.flush(directory);
      return ref;
    } catch (IOException e) {
      throw StorageFull.orSame(e);
    }
  }

  /** Reads and flushes at the same time: one waits for the processor, the other for the disk. */
  private void verifyAndMakeDurable() throws IOException {
    FutureTask<BlobRef> lies = new FutureTask<>(this::read);
    Thread.ofVirtual().start(lies);
    makeDurable(file);
    try {
      // Compare the bytes on the disk, not those that we meant to write.
      FileArtifactStore.check(ref, lies.get());
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  private BlobRef read() throws IOException {
    try (InputStream in = open()) {
      return FileArtifactStore.digest(in, Long.MAX_VALUE);
    }
  }

  static FileChannel create(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  static void makeDurable(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r-----"));
  }

  private void link(Path target) throws IOException {
    try {
      Files.createLink(target, file);
    } catch (FileAlreadyExistsException e) {
      // Damaged outside of Graft, or just being removed: replace it by these bytes, which were
      // verified.
      if (!store.renew(ref)) Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }

  /** Writes to a file in large pieces up to a limit, and counts and digests the bytes. */
  static final class BlobOutputStream extends OutputStream {
    private static final int PIECE = 1 << 17;

    private final WritableByteChannel channel;
    private final long maxBytes;
    private final @Nullable MessageDigest digest;
    private final byte[] piece;
    private int filled;
    private long bytes;

    /**
     * @param digest updated with all bytes; may be null
     */
    BlobOutputStream(WritableByteChannel channel, long maxBytes, @Nullable MessageDigest digest) {
      this.channel = channel;
      this.maxBytes = maxBytes;
      this.digest = digest;
      this.piece = new byte[(int) Math.clamp(maxBytes, 1, PIECE)];
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      if (length > maxBytes - bytes) {
        throw new BlobTooLarge("longer than the " + maxBytes + " bytes allowed");
      }
      bytes += length;
      for (int from = offset, end = offset + length; from < end; ) {
        if (filled == piece.length) writePiece();
        int n = Math.min(end - from, piece.length - filled);
        System.arraycopy(source, from, piece, filled, n);
        filled += n;
        from += n;
      }
    }

    private void writePiece() throws IOException {
      ByteBuffer buffer = ByteBuffer.wrap(piece, 0, filled);
      // On a full disk a write may return normally after a part: only the loop notices.
      while (buffer.hasRemaining()) {
        if (channel.write(buffer) <= 0) {
          throw new IOException("No space left on device");
        }
      }
      if (digest != null) digest.update(piece, 0, filled);
      filled = 0;
    }

    /** Writes the rest; returns the total length in bytes. */
    long end() throws IOException {
      writePiece();
      return bytes;
    }
  }
}
