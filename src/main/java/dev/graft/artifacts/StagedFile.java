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

/** A blob to be, as a temporary file in the file system of the store. */
record StagedFile(FileArtifactStore store, Path file, BlobRef ref)
    implements ArtifactStore.StagedBlob {

  static StagedFile write(
      FileArtifactStore store, Path file, ArtifactStore.BlobContent content, long maxBytes)
      throws IOException {
    return new StagedFile(store, file, fill(file, content, maxBytes));
  }

  /** Writes a new file, or none if that fails. */
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

  /** Stages what is announced and publishes it if it is that. */
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

  /** Reading takes the processor's time and durability the disk's, so one goes beside the other. */
  private void verifyAndMakeDurable() throws IOException {
    FutureTask<BlobRef> lies = new FutureTask<>(this::read);
    Thread.ofVirtual().start(lies);
    makeDurable(file);
    try {
      // What is published is what lies there, not what we believe we wrote.
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
      // Damaged outside of Graft, or just being removed: these bytes were verified, so they are it.
      if (!store.renew(ref)) Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }

  /** Writes to a file in large pieces, counting and digesting what passes, up to a limit. */
  static final class BlobOutputStream extends OutputStream {
    private static final int PIECE = 1 << 17;

    private final WritableByteChannel channel;
    private final long maxBytes;
    private final @Nullable MessageDigest digest;
    private final byte[] piece;
    private int filled;
    private long bytes;

    /**
     * @param digest to give it all to, or null
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
      // A full disk may write a part and return normally: only the loop finds out.
      while (buffer.hasRemaining()) {
        if (channel.write(buffer) <= 0) {
          throw new IOException("No space left on device");
        }
      }
      if (digest != null) digest.update(piece, 0, filled);
      filled = 0;
    }

    /** Writes what is left; returns the length of all in bytes. */
    long end() throws IOException {
      writePiece();
      return bytes;
    }
  }
}
