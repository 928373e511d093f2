package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Puts so many bytes into a bucket and reads them again: ENDPOINT BUCKET ROOT BYTES. */
final class S3LargeBlob {
  private S3LargeBlob() {}

  public static void main(String[] arguments) throws Exception {
    var settings = S3Server.settings(URI.create(arguments[0]), arguments[1]);
    long bytes = Long.parseLong(arguments[3]);
    try (S3ArtifactStore store =
        S3ArtifactStore.open(settings, Path.of(arguments[2]), Publications.NONE)) {
      BlobRef blob = store.put(new Noise(bytes), bytes);
      try (InputStream in = store.open(blob.sha256())) {
        FileArtifactStore.check(blob, FileArtifactStore.digest(in, Long.MAX_VALUE));
      }
      System.out.println(blob.bytes() + " " + blob.sha256());
    }
  }

  /** Bytes that cannot be packed, of one seed. */
  private static final class Noise extends InputStream {
    private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    private long left;

    Noise(long bytes) {
      this.left = bytes;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      if (left == 0) return -1;
      byte[] piece = new byte[(int) Math.min(length, left)];
      random.nextBytes(piece);
      System.arraycopy(piece, 0, target, offset, piece.length);
      left -= piece.length;
      return piece.length;
    }
  }
}
