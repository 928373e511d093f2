package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** The objects of a bucket under the prefix of the settings, which no key here has. */
public final class S3Bucket implements AutoCloseable {
  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;
  private static final int PRECONDITION_FAILED = 412;
  private static final int TRIES = 6;
  private static final String BYTES = "application/octet-stream";

  /** Short requests, some of which are made while the database waits. */
  private static final Duration PROMPT = Duration.ofSeconds(10);

  private final S3Properties settings;
  private final S3Connections connections;
  private final S3Client s3;
  private final String name;
  private final String prefix;

  private S3Bucket(S3Properties settings, String name, S3Connections connections) {
    this.settings = settings;
    this.name = name;
    this.connections = connections;
    this.s3 = connections.client();
    this.prefix = settings.keyPrefix();
  }

  /**
   * Connects, and tries whether the bucket can be used.
   *
   * @throws dev.graft.platform.MachineLacks if the bucket cannot be used, with what to mend
   */
  public static S3Bucket open(S3Properties settings) {
    String name = BucketCheck.requireBucket(settings);
    BucketCheck check = new BucketCheck(settings, name);
    S3Connections connections = check.connect();
    try {
      check.require(connections.client());
      return new S3Bucket(settings, name, connections);
    } catch (RuntimeException unusable) {
      connections.close();
      throw unusable;
    }
  }

  /** An object as it was listed. */
  public record Listed(String key, long bytes) {}

  /** Puts an object where there is none; false if there is one, whatever it holds. */
  public boolean putIfAbsent(String key, UploadSource source) throws IOException {
    return put(key, source, true);
  }

  /** Puts an object, whether or not there is one. */
  public void replace(String key, UploadSource source) throws IOException {
    put(key, source, false);
  }

  private boolean put(String key, UploadSource source, boolean ifAbsent) throws IOException {
    for (int tried = 1; ; tried++) {
      try {
        if (source.bytes() > settings.multipartThreshold().toBytes()) {
          MultipartPut.of(connections, source, settings.partSize().toBytes())
              .send(multipart(key), ifAbsent);
        } else {
          putWhole(key, source, ifAbsent);
        }
        return true;
      } catch (S3Exception refused) {
        if (refused.statusCode() == PRECONDITION_FAILED && ifAbsent) return false;
        if (!mayTryAgain(refused) || tried == TRIES) throw failure(key, "stored", refused);
        LockSupport.parkNanos(Duration.ofMillis(50L << tried).toNanos());
      } catch (SdkException failed) {
        throw failure(key, "stored", failed);
      }
    }
  }

  /**
   * Another put or removal was under way; or the answer to a join was lost, and the SDK asked to
   * join once more what was an object by then.
   */
  private static boolean mayTryAgain(S3Exception refused) {
    return refused.statusCode() == CONFLICT || S3Failure.code(refused).equals("NoSuchUpload");
  }

  private void putWhole(String key, UploadSource source, boolean ifAbsent) {
    PutObjectRequest.Builder put =
        PutObjectRequest.builder()
            .bucket(name)
            .key(prefix + key)
            .contentType(BYTES)
            .serverSideEncryption(settings.serverSideEncryption())
            .ssekmsKeyId(settings.kmsKeyId())
            .checksumSHA256(source.base64());
    if (ifAbsent) put.ifNoneMatch("*");
    s3.putObject(put.build(), RequestBody.fromFile(source.file()));
  }

  private CreateMultipartUploadRequest multipart(String key) {
    return CreateMultipartUploadRequest.builder()
        .bucket(name)
        .key(prefix + key)
        .contentType(BYTES)
        .serverSideEncryption(settings.serverSideEncryption())
        .ssekmsKeyId(settings.kmsKeyId())
        .checksumAlgorithm(ChecksumAlgorithm.SHA256)
        .build();
  }

  /** The length of an object in bytes, if there is one. */
  public OptionalLong size(String key) throws IOException {
    try {
      return OptionalLong.of(
          s3.headObject(
                  r ->
                      r.bucket(name)
                          .key(prefix + key)
                          .overrideConfiguration(c -> c.apiCallTimeout(PROMPT)))
              .contentLength());
    } catch (S3Exception refused) {
      if (refused.statusCode() == NOT_FOUND) return OptionalLong.empty();
      throw failure(key, "looked for", refused);
    } catch (SdkException failed) {
      throw failure(key, "looked for", failed);
    }
  }

  /**
   * An object from {@code offset}, at most {@code length} bytes.
   *
   * @throws NoSuchFileException if there is none
   */
  public InputStream open(String key, long offset, long length) throws IOException {
    if (length == 0) {
      if (size(key).isEmpty()) throw new NoSuchFileException(key);
      return InputStream.nullInputStream();
    }
    return ObjectStream.open(
        s3, GetObjectRequest.builder().bucket(name).key(prefix + key).build(), offset, length);
  }

  public void delete(String key) throws IOException {
    try {
      s3.deleteObject(
          r ->
              r.bucket(name)
                  .key(prefix + key)
                  .overrideConfiguration(c -> c.apiCallTimeout(PROMPT)));
    } catch (SdkException failed) {
      throw failure(key, "deleted", failed);
    }
  }

  /**
   * The objects whose keys begin so, a page at a time, each asked for when it is needed. What the
   * server refuses meanwhile is an {@link UncheckedIOException}.
   */
  public Stream<List<Listed>> pages(String under) {
    return Stream.iterate(
            Optional.of(page(under, null)), Optional::isPresent, page -> next(under, page))
        .flatMap(Optional::stream)
        .map(
            page ->
                page.contents().stream()
                    .map(each -> new Listed(each.key().substring(prefix.length()), each.size()))
                    .toList());
  }

  private Optional<ListObjectsV2Response> next(String under, Optional<ListObjectsV2Response> page) {
    return page.filter(ListObjectsV2Response::isTruncated)
        .map(last -> page(under, last.nextContinuationToken()));
  }

  private ListObjectsV2Response page(String under, @Nullable String token) {
    try {
      return s3.listObjectsV2(r -> r.bucket(name).prefix(prefix + under).continuationToken(token));
    } catch (SdkException failed) {
      throw new UncheckedIOException(failure(under, "listed", failed));
    }
  }

  /** Removes the parts of uploads that began before this time and have not ended. */
  public int abortUnfinished(Instant before) throws IOException {
    int aborted = 0;
    try {
      for (MultipartUpload each :
          s3.listMultipartUploadsPaginator(r -> r.bucket(name).prefix(prefix)).uploads()) {
        if (!each.initiated().isBefore(before)) continue;
        s3.abortMultipartUpload(r -> r.bucket(name).key(each.key()).uploadId(each.uploadId()));
        aborted++;
      }
    } catch (SdkException failed) {
      throw failure("unfinished uploads", "removed", failed);
    }
    return aborted;
  }

  /**
   * A URL with which anybody reads the object, for as long as the settings say.
   *
   * @param disposition the header Content-Disposition of its answer
   * @param type its Content-Type
   */
  public URI link(String key, String disposition, String type) {
    var signed =
        connections
            .presigner()
            .presignGetObject(
                link ->
                    link.signatureDuration(settings.linkLifetime())
                        .getObjectRequest(
                            get ->
                                get.bucket(name)
                                    .key(prefix + key)
                                    .responseContentDisposition(disposition)
                                    .responseContentType(type)));
    try {
      return signed.url().toURI();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the SDK signs URLs that are URIs", e);
    }
  }

  /** What others put here by signed URLs. */
  public ArrivingObjects arriving() {
    return new ArrivingObjects(settings, connections, name);
  }

  private static S3Failure failure(String key, String done, SdkException failed) {
    return S3Failure.of("%s cannot be %s".formatted(key, done), failed);
  }

  @Override
  public void close() {
    connections.close();
  }
}
