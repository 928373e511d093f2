package dev.graft.artifacts;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;

/** Writes to a file, counting and digesting what passes, up to a limit. */
final class BlobOutputStream extends OutputStream {
  private final WritableByteChannel channel;
  private final long maxBytes;
  private final MessageDigest sha256 = Digest.sha256();
  private long bytes;

  BlobOutputStream(WritableByteChannel channel, long maxBytes) {
    this.channel = channel;
    this.maxBytes = maxBytes;
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
    ByteBuffer buffer = ByteBuffer.wrap(source, offset, length);
    // A full disk may write a part and return normally: only the loop finds out.
    while (buffer.hasRemaining()) {
      if (channel.write(buffer) <= 0) {
        throw new IOException("No space left on device");
      }
    }
    sha256.update(source, offset, length);
    bytes += length;
  }

  /** What was written; ends the digest, so call it once. */
  BlobRef finish() {
    return new BlobRef(Digest.finish(sha256), bytes);
  }
}
