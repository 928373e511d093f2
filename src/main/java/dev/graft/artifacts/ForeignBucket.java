package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/** A bucket that Graft does not own: it is only listed and read. */
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
   * @throws IOException if no region or no credentials are found
   */
  public static ForeignBucket open(BucketAccess access) throws IOException {
    try {
      return new ForeignBucket(S3Connections.of(access.settings()), access.bucket());
    } catch (SdkException lacks) {
      throw S3Failure.of(access.bucket() + " cannot be reached", lacks);
    }
  }

  /**
   * Lists the keys that begin with {@code under} and have no slash after that.
   *
   * @param most limit of the list; if there are more keys, it has one more than this
   * @throws IOException also if there are more than a hundred pages of keys
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

  /** The bucket has more keys under the prefix than Graft looks through. */
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
   * Opens an object at an offset. A broken connection is resumed.
   *
   * @throws S3Failure with status 412 if the object has changed since it was seen
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

  /**
   * An object as it was seen. Reads name its ETag, so that changed content is never taken for it.
   *
   * @param etag as the server writes it, with its quotes
   * @param algorithm of {@code digest}; null if the server reports no digest of the whole object
   * @param digest in hexadecimal
   */
  public record ForeignObject(
      String key, long bytes, String etag, @Nullable String algorithm, @Nullable String digest) {
    private static final Pattern MD5 = Pattern.compile("\"?([0-9a-f]{32})\"?");

    /**
     * The ETag is an MD5 if one put wrote the object, unencrypted or encrypted with S3's own keys.
     */
    static ForeignObject of(String bucket, String key, HeadObjectResponse there) {
      String etag = there.eTag();
      String sha256 = there.checksumSHA256();
      if (sha256 != null && !sha256.contains("-")) {
        String hex = HexFormat.of().formatHex(Base64.getDecoder().decode(sha256));
        return new ForeignObject(key, there.contentLength(), etag, "SHA-256", hex);
      }
      ServerSideEncryption by = there.serverSideEncryption();
      boolean plain = by == null || by == ServerSideEncryption.AES256;
      var md5 = MD5.matcher(etag);
      boolean known = plain && md5.matches() && !bucket.endsWith("--x-s3");
      return new ForeignObject(
          key, there.contentLength(), etag, known ? "MD5" : null, known ? md5.group(1) : null);
    }

    /** Returns whether a file has its bytes, as far as the server reports a digest of them. */
    public boolean isIn(Path file) throws IOException {
      if (!Files.isRegularFile(file) || Files.size(file) != bytes) return false;
      if (algorithm == null) return true;
      try (DigestInputStream in =
          new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance(algorithm))) {
        in.transferTo(OutputStream.nullOutputStream());
        return HexFormat.of().formatHex(in.getMessageDigest().digest()).equals(digest);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java has " + algorithm, e);
      }
    }
  }

  /**
   * Access to a bucket that is only read; the parts are those of {@link S3Properties}.
   *
   * @param accessKey with its secret; null = credentials are found as the AWS SDK does
   */
  public record BucketAccess(
      String bucket,
      @Nullable URI endpoint,
      @Nullable String region,
      boolean pathStyle,
      @Nullable String accessKey,
      @Nullable String secretKey) {
    /** Fills in settings that reading does not use. */
    S3Properties settings() {
      DataSize part = DataSize.ofMegabytes(5);
      Duration day = Duration.ofDays(1);
      return new S3Properties(
          true,
          bucket,
          null,
          endpoint,
          null,
          region,
          pathStyle,
          accessKey,
          secretKey,
          null,
          S3Properties.Encryption.BUCKET_DEFAULT,
          null,
          part,
          part,
          day,
          null,
          false,
          false,
          day);
    }

    /** Without the secret. */
    @Override
    public String toString() {
      return "BucketAccess[bucket=%s, endpoint=%s]".formatted(bucket, endpoint);
    }
  }
}
