package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** A bucket that others write: listed and read, nothing else is asked for. */
public final class ForeignBucket implements AutoCloseable {
  private static final int MOST_PAGES = 100;
  private static final int NOT_FOUND = 404;

  private final S3Connections connections;
  private final S3Client s3;
  private final String bucket;

  private ForeignBucket(S3Connections connections, String bucket) {
    this.connections = connections;
    this.s3 = connections.client();
    this.bucket = bucket;
  }

  /**
   * @throws IOException if there is no region or no credentials
   */
  public static ForeignBucket open(BucketAccess access) throws IOException {
    try {
      return new ForeignBucket(S3Connections.of(access.settings()), access.bucket());
    } catch (SdkException lacks) {
      throw S3Failure.of(access.bucket() + " cannot be reached", lacks);
    }
  }

  /**
   * Keys that begin so and have no slash after that.
   *
   * @param most of them: a longer list ends with one more
   * @throws IOException also if there are more than a hundred pages to look through
   */
  public List<String> keys(String under, Predicate<String> wanted, int most) throws IOException {
    List<String> keys = new ArrayList<>();
    String token = null;
    for (int pages = 0; pages < MOST_PAGES; pages++) {
      ListObjectsV2Response page = page(under, token);
      page.contents().stream().map(each -> each.key()).filter(wanted).forEach(keys::add);
      if (keys.size() > most) return keys.subList(0, most + 1);
      if (!Boolean.TRUE.equals(page.isTruncated())) return keys;
      token = page.nextContinuationToken();
    }
    throw new TooManyKeys();
  }

  /** There are more keys than are looked through. */
  public static final class TooManyKeys extends IOException {
    private static final long serialVersionUID = 1L;
  }

  private ListObjectsV2Response page(String under, @Nullable String token) throws IOException {
    try {
      return s3.listObjectsV2(
          r -> r.bucket(bucket).prefix(under).delimiter("/").continuationToken(token));
    } catch (SdkException failed) {
      throw S3Failure.of(under + " cannot be listed", failed);
    }
  }

  /**
   * @throws NoSuchFileException if there is none
   */
  public ForeignObject look(String key) throws IOException {
    try {
      return ForeignObject.of(
          bucket,
          key,
          s3.headObject(r -> r.bucket(bucket).key(key).checksumMode(ChecksumMode.ENABLED)));
    } catch (S3Exception refused) {
      if (refused.statusCode() == NOT_FOUND) throw new NoSuchFileException(key);
      throw S3Failure.of(key + " cannot be read", refused);
    } catch (SdkException failed) {
      throw S3Failure.of(key + " cannot be read", failed);
    }
  }

  /**
   * From a byte on; what breaks off is gone on with.
   *
   * @throws S3Failure with status 412 if the object is another by now
   */
  public InputStream open(ForeignObject seen, long offset) throws IOException {
    GetObjectRequest whole =
        GetObjectRequest.builder().bucket(bucket).key(seen.key()).ifMatch(seen.etag()).build();
    return ObjectStream.open(s3, whole, offset, Long.MAX_VALUE);
  }

  @Override
  public void close() {
    connections.close();
  }
}
