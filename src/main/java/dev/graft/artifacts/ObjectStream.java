package dev.graft.artifacts;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * The bytes of an object. A broken connection is replaced by another that continues at the same
 * position: a reader may take hours, and servers close connections that rest for seconds.
 */
final class ObjectStream extends InputStream {
  private static final int TRIES = 4;
  private static final int NOT_FOUND = 404;
  private static final int RANGE_OUTSIDE = 416;

  private final S3Client s3;
  private final GetObjectRequest whole;
  private final String etag;
  private final long end;
  private long position;
  private ResponseInputStream<GetObjectResponse> in;

  private ObjectStream(
      S3Client s3, GetObjectRequest whole, long offset, ResponseInputStream<GetObjectResponse> in) {
    this.s3 = s3;
    this.whole = whole;
    this.in = in;
    this.etag = in.response().eTag();
    this.position = offset;
    this.end = offset + in.response().contentLength();
  }

  /**
   * Opens an object, as an empty stream if it ends before {@code offset}.
   *
   * @param length at most so many bytes
   * @throws NoSuchFileException if there is no such object
   */
  static InputStream open(S3Client s3, GetObjectRequest whole, long offset, long length)
      throws IOException {
    try {
      return new ObjectStream(s3, whole, offset, s3.getObject(ranged(whole, offset, length)));
    } catch (S3Exception refused) {
      if (refused.statusCode() == NOT_FOUND) throw new NoSuchFileException(whole.key());
      if (refused.statusCode() == RANGE_OUTSIDE) return InputStream.nullInputStream();
      throw failure(whole, refused);
    } catch (SdkException failed) {
      throw failure(whole, failed);
    }
  }

  private static S3Failure failure(GetObjectRequest whole, SdkException failed) {
    return S3Failure.of(whole.key() + " cannot be read", failed);
  }

  private static GetObjectRequest ranged(GetObjectRequest whole, long offset, long length) {
    if (offset == 0 && length == Long.MAX_VALUE) return whole;
    // "bytes=7--1" would be no range at all.
    long last =
        Math.max(offset, length > Long.MAX_VALUE - offset ? Long.MAX_VALUE : offset + length - 1);
    String range =
        last == Long.MAX_VALUE
            ? "bytes=%d-".formatted(offset)
            : "bytes=%d-%d".formatted(offset, last);
    return whole.toBuilder().range(range).build();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) return 0;
    if (position >= end) return -1;
    IOException broken = new EOFException(whole.key() + " broke off");
    for (int tried = 0; tried < TRIES; tried++) {
      try {
        if (tried > 0) reopen();
        int n = in.read(target, offset, length);
        if (n > 0) {
          position += n;
          return n;
        }
      } catch (IOException | SdkException e) {
        broken = e instanceof IOException io ? io : failure(whole, (SdkException) e);
      }
    }
    throw broken;
  }

  private void reopen() {
    in.abort();
    in = s3.getObject(ranged(whole.toBuilder().ifMatch(etag).build(), position, end - position));
  }

  @Override
  public int available() throws IOException {
    return position >= end ? 0 : in.available();
  }

  /** Drops the connection if bytes are left: reading them would cost more than a new connection. */
  @Override
  public void close() throws IOException {
    if (position < end) in.abort();
    else in.close();
  }
}
