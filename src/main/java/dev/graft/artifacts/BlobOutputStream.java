package dev.graft.artifacts;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** Writes to a file in large pieces, counting and digesting what passes, up to a limit. */
final class BlobOutputStream extends OutputStream {
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
