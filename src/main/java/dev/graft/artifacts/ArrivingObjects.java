package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.NoSuchFileException;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.awscore.presigner.PresignedRequest;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Objects that workers put by a signed URL. They are not read where they arrive: the S3 server
 * copies those with the right content to their final key.
 */
final class ArrivingObjects {
  /** The most bytes that S3 accepts in one put and in one copy. */
  public static final long MOST = 5L << 30;

  private static final String UNDER = "arriving/";
  private static final int NOT_FOUND = 404;
  private static final Duration COPY = Duration.ofMinutes(10);

  private final S3Properties settings;
  private final S3Connections connections;
  private final S3Client s3;
  private final String bucket;
  private final String prefix;

  ArrivingObjects(S3Properties settings, S3Connections connections, String bucket) {
    this.settings = settings;
    this.connections = connections;
    this.s3 = connections.client();
    this.bucket = bucket;
    this.prefix = settings.keyPrefix();
  }

  /** A request that puts one object; its length and its SHA-256 are signed too. */
  public record SignedPut(URI url, Map<String, String> headers) {
    public SignedPut {
      headers = Map.copyOf(headers);
    }
  }

  /**
   * @param name of the object, chosen by Graft
   */
  public SignedPut sign(String name, ObjectContent content) {
    PresignedRequest signed =
        connections
            .presigner()
            .presignPutObject(
                link ->
                    link.signatureDuration(settings.linkLifetime())
                        .putObjectRequest(
                            put ->
                                put.bucket(bucket)
                                    .key(key(name))
                                    .contentLength(content.bytes())
                                    .serverSideEncryption(settings.serverSideEncryption())
                                    .ssekmsKeyId(settings.kmsKeyId())
                                    .checksumSHA256(content.base64())));
    Map<String, String> headers = new HashMap<>();
    signed.signedHeaders().forEach((header, values) -> headers.put(header, values.getFirst()));
    headers.keySet().removeIf(header -> header.matches("(?i)host|content-length"));
    try {
      return new SignedPut(signed.url().toURI(), headers);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the SDK signs URLs that are URIs", e);
    }
  }

  /**
   * Copies an object that arrived to a key if it has this content. If the S3 server reports no
   * SHA-256, the object is read.
   *
   * @return false if it has other content
   * @throws NoSuchFileException if nothing arrived
   */
  public boolean copy(String name, ObjectContent content, String key) throws IOException {
    try {
      HeadObjectResponse there =
          s3.headObject(r -> r.bucket(bucket).key(key(name)).checksumMode(ChecksumMode.ENABLED));
      if (there.contentLength() != content.bytes()) return false;
      String reported = there.checksumSHA256();
      String sha256 = reported != null ? reported : read(name, there.eTag());
      if (!sha256.equals(content.base64())) return false;
      connections
          .patient()
          .copyObject(
              r ->
                  r.sourceBucket(bucket)
                      .sourceKey(key(name))
                      .copySourceIfMatch(there.eTag()) // the checked content
                      .destinationBucket(bucket)
                      .destinationKey(prefix + key)
                      .serverSideEncryption(settings.serverSideEncryption())
                      .ssekmsKeyId(settings.kmsKeyId())
                      .checksumAlgorithm(ChecksumAlgorithm.SHA256)
                      .overrideConfiguration(c -> c.apiCallTimeout(COPY)));
      return true;
    } catch (S3Exception refused) {
      if (refused.statusCode() == NOT_FOUND) throw new NoSuchFileException(name);
      throw S3Failure.of(name + " cannot be taken in", refused);
    } catch (SdkException failed) {
      throw S3Failure.of(name + " cannot be taken in", failed);
    }
  }

  private String read(String name, String etag) throws IOException {
    try (InputStream in = s3.getObject(r -> r.bucket(bucket).key(key(name)).ifMatch(etag));
        DigestOutputStream out =
            new DigestOutputStream(
                OutputStream.nullOutputStream(), MessageDigest.getInstance("SHA-256"))) {
      in.transferTo(out);
      return Base64.getEncoder().encodeToString(out.getMessageDigest().digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  public void remove(String name) throws IOException {
    delete(key(name));
  }

  /** Removes objects that arrived before this time and were not taken in. */
  public int removeLeft(Instant before) throws IOException {
    int removed = 0;
    try {
      for (S3Object each :
          s3.listObjectsV2Paginator(r -> r.bucket(bucket).prefix(prefix + UNDER)).contents()) {
        if (!each.lastModified().isBefore(before)) continue;
        delete(each.key());
        removed++;
      }
    } catch (SdkException failed) {
      throw S3Failure.of("arrived objects cannot be listed", failed);
    }
    return removed;
  }

  private void delete(String key) throws IOException {
    try {
      s3.deleteObject(r -> r.bucket(bucket).key(key));
    } catch (SdkException failed) {
      throw S3Failure.of(key + " cannot be deleted", failed);
    }
  }

  private String key(String name) {
    return prefix + UNDER + name;
  }
}
