package dev.graft.artifacts;

import dev.graft.platform.MachineLacks;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** The objects of a bucket under the prefix of the settings. Keys here are without the prefix. */
public final class S3Bucket implements AutoCloseable {
  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;
  private static final int PRECONDITION_FAILED = 412;
  private static final int TRIES = 6;
  private static final String BYTES = "application/octet-stream";

  /** For short requests, some of which are made within a database transaction. */
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
   * Connects and checks that the bucket can be used.
   *
   * @throws dev.graft.platform.MachineLacks if it cannot be used; the message contains the remedy
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

  /** Puts an object unless the key exists; returns false if it does, with any content. */
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
   * Returns true if another put or removal was under way, or if the answer to a join was lost and
   * the SDK repeated the request after the object existed.
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

  /** Returns the length of an object in bytes, if it exists. */
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
   * Opens an object at {@code offset}, at most {@code length} bytes.
   *
   * @throws NoSuchFileException if it does not exist
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
   * Lists the objects whose keys begin with {@code under}, in pages that are requested as needed. A
   * failure of the server is an {@link UncheckedIOException}.
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
   * Returns a signed URL for the object, valid as long as the settings allow.
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

  /** Returns the objects that workers put by signed URLs. */
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

  /** Sends a file in parts, several at once, and joins them; before the join there is no object. */
  record MultipartPut(S3Connections connections, UploadSource source, long partSize) {
    private static final Logger log = LoggerFactory.getLogger(MultipartPut.class);
    private static final int MOST_PARTS = 10_000;
    private static final int AT_ONCE = 4;

    /** Uses larger parts if a file of this size needs them. */
    static MultipartPut of(S3Connections connections, UploadSource source, long partSize) {
      return new MultipartPut(
          connections, source, Math.max(partSize, Math.ceilDiv(source.bytes(), MOST_PARTS)));
    }

    /**
     * @param ifAbsent the server refuses with 412 if the object exists
     */
    void send(CreateMultipartUploadRequest object, boolean ifAbsent) throws IOException {
      String id = connections.client().createMultipartUpload(object).uploadId();
      boolean complete = false;
      try {
        List<CompletedPart> parts = sendParts(object, id);
        CompleteMultipartUploadRequest.Builder join =
            CompleteMultipartUploadRequest.builder()
                .bucket(object.bucket())
                .key(object.key())
                .uploadId(id)
                .multipartUpload(upload -> upload.parts(parts));
        if (ifAbsent) join.ifNoneMatch("*");
        connections.patient().completeMultipartUpload(join.build());
        complete = true;
      } finally {
        if (!complete) abort(object, id);
      }
    }

    private List<CompletedPart> sendParts(CreateMultipartUploadRequest object, String id)
        throws IOException {
      List<CompletedPart> parts = new ArrayList<>();
      try (ExecutorService threads =
          Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().factory())) {
        List<Future<CompletedPart>> sent = new ArrayList<>();
        for (long at = 0; at < source.bytes(); at += partSize) {
          long offset = at;
          int number = sent.size() + 1;
          sent.add(threads.submit(() -> sendPart(object, id, number, offset)));
        }
        try {
          for (Future<CompletedPart> each : sent) parts.add(each.get());
        } catch (ExecutionException failed) {
          threads.shutdownNow();
          throw unwrapped(failed);
        } catch (InterruptedException stopped) {
          threads.shutdownNow();
          Thread.currentThread().interrupt();
          throw new InterruptedIOException();
        }
      }
      return parts;
    }

    private static IOException unwrapped(ExecutionException failed) {
      return switch (failed.getCause()) {
        case SdkException refused -> throw refused;
        case IOException unreadable -> unreadable;
        case null, default -> new IOException(failed);
      };
    }

    private CompletedPart sendPart(
        CreateMultipartUploadRequest object, String id, int number, long offset)
        throws IOException {
      long bytes = Math.min(partSize, source.bytes() - offset);
      String sha256 = sha256(offset, bytes);
      RequestBody body =
          RequestBody.fromContentProvider(
              () -> range(offset, bytes), bytes, "application/octet-stream");
      String etag =
          connections
              .client()
              .uploadPart(
                  part ->
                      part.bucket(object.bucket())
                          .key(object.key())
                          .uploadId(id)
                          .partNumber(number)
                          .checksumSHA256(sha256),
                  body)
              .eTag();
      return CompletedPart.builder().partNumber(number).eTag(etag).checksumSHA256(sha256).build();
    }

    private FileRange range(long offset, long bytes) {
      try {
        return new FileRange(source.file(), offset, bytes);
      } catch (IOException unreadable) {
        throw new UncheckedIOException(unreadable);
      }
    }

    private String sha256(long offset, long bytes) throws IOException {
      try (InputStream in = new FileRange(source.file(), offset, bytes)) {
        var out =
            new DigestOutputStream(
                OutputStream.nullOutputStream(), MessageDigest.getInstance("SHA-256"));
        in.transferTo(out);
        return Base64.getEncoder().encodeToString(out.getMessageDigest().digest());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }

    /** If this fails too, the parts are removed later because of their age. */
    private void abort(CreateMultipartUploadRequest object, String id) {
      try {
        connections
            .client()
            .abortMultipartUpload(r -> r.bucket(object.bucket()).key(object.key()).uploadId(id));
      } catch (SdkException left) {
        log.atWarn()
            .addKeyValue("blob", object.key())
            .addKeyValue("cause", S3Failure.firstLine(left))
            .log("multipart_upload_left");
      }
    }
  }

  /** A range of a file. */
  static final class FileRange extends InputStream {
    private final FileChannel channel;
    private final long end;
    private long position;

    FileRange(Path file, long offset, long bytes) throws IOException {
      this.channel = FileChannel.open(file, StandardOpenOption.READ);
      this.position = offset;
      this.end = offset + bytes;
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
      int most = (int) Math.min(length, end - position);
      int n = channel.read(ByteBuffer.wrap(target, offset, most), position);
      if (n < 0) throw new EOFException("the file became shorter");
      position += n;
      return n;
    }

    @Override
    public int available() {
      return (int) Math.min(Integer.MAX_VALUE, end - position);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /**
   * Checks whether a bucket can be listed, written, read and emptied; if not, gives the remedy in
   * one line. The object that it writes is removed again.
   */
  record BucketCheck(S3Properties settings, String bucket) {
    /** The remedy for refusals without a better one. */
    private static final String RIGHTS =
        "allow s3:ListBucket, s3:ListBucketMultipartUploads, s3:GetObject, s3:PutObject,"
            + " s3:DeleteObject and s3:AbortMultipartUpload";

    /** Checks the settings as far as possible without a server; returns the bucket. */
    static String requireBucket(S3Properties settings) {
      String bucket = settings.bucket();
      if (bucket == null || bucket.isBlank()) {
        throw new MachineLacks(
            "graft.artifacts.s3.enabled needs graft.artifacts.s3.bucket: name an existing bucket");
      }
      if ((settings.accessKey() == null) != (settings.secretKey() == null)) {
        throw new MachineLacks(
            "graft.artifacts.s3.access-key and secret-key belong together: set both, or neither so"
                + " that credentials are found as the AWS SDK does");
      }
      if (settings.kmsKeyId() != null && settings.encryption() != S3Properties.Encryption.SSE_KMS) {
        throw new MachineLacks(
            "graft.artifacts.s3.kms-key-id needs graft.artifacts.s3.encryption=sse-kms");
      }
      return bucket;
    }

    S3Connections connect() {
      try {
        return S3Connections.of(settings);
      } catch (SdkException | IllegalArgumentException | NullPointerException wrong) {
        throw new MachineLacks(sentence(wrong), wrong);
      }
    }

    void require(S3Client s3) {
      String key = settings.keyPrefix() + "probe/" + UUID.randomUUID();
      String doing = "listed";
      try {
        s3.listObjectsV2(r -> r.bucket(bucket).prefix(settings.keyPrefix()).maxKeys(1));
        doing = "written";
        s3.putObject(probe(key), RequestBody.fromString("graft"));
        doing = "read";
        s3.getObjectAsBytes(r -> r.bucket(bucket).key(key));
        doing = "emptied";
        s3.deleteObject(r -> r.bucket(bucket).key(key));
      } catch (S3Exception refused) {
        throw new MachineLacks(sentence(refused, doing), refused);
      } catch (SdkException failed) {
        throw new MachineLacks(sentence(failed), failed);
      }
    }

    /** Encrypts the object as all objects, because a policy of the bucket may require that. */
    private PutObjectRequest probe(String key) {
      return PutObjectRequest.builder()
          .bucket(bucket)
          .key(key)
          .serverSideEncryption(settings.serverSideEncryption())
          .ssekmsKeyId(settings.kmsKeyId())
          .build();
    }

    private String sentence(S3Exception refused, String doing) {
      String code = S3Failure.code(refused);
      String cure =
          switch (code) {
            case "NoSuchBucket" ->
                "it does not exist: create it, or correct graft.artifacts.s3.bucket";
            case "InvalidAccessKeyId" ->
                "the server does not know the access key: correct graft.artifacts.s3.access-key, or the"
                    + " credentials that the AWS SDK finds";
            case "SignatureDoesNotMatch" ->
                "the secret of the access key is wrong: correct graft.artifacts.s3.secret-key, or the"
                    + " credentials that the AWS SDK finds";
            case "ExpiredToken", "InvalidToken" -> "the credentials have expired: renew them";
            case "RequestTimeTooSkewed" -> "this machine's clock is wrong: set it";
            case "PermanentRedirect",
                "AuthorizationHeaderMalformed",
                "IllegalLocationConstraintException" ->
                "it is in another region: correct graft.artifacts.s3.region" + region(refused);
            case "AccessDenied", "AllAccessDisabled" ->
                "the credentials do not allow it: " + RIGHTS;
            default ->
                refused.statusCode() == 403
                    ? "the credentials do not allow it: " + RIGHTS
                    : "%s answered %d %s".formatted(where(), refused.statusCode(), code).strip();
          };
      return "the bucket %s cannot be %s: %s".formatted(bucket, doing, cure);
    }

    private static String region(S3Exception refused) {
      return refused
          .awsErrorDetails()
          .sdkHttpResponse()
          .firstMatchingHeader("x-amz-bucket-region")
          .map(" to "::concat)
          .orElse("");
    }

    private String sentence(RuntimeException failed) {
      String why = S3Failure.firstLine(failed);
      if (why.contains("Unable to load credentials")) {
        return "no credentials were found for the bucket %s: set AWS_ACCESS_KEY_ID and"
                .formatted(bucket)
            + " AWS_SECRET_ACCESS_KEY, give this machine a role, or set graft.artifacts.s3.access-key"
            + " and secret-key";
      }
      if (why.contains("Unable to load region")) {
        return "the region of the bucket %s is unknown: set graft.artifacts.s3.region or AWS_REGION"
            .formatted(bucket);
      }
      return "the bucket %s cannot be reached at %s: %s; check that the server runs, that"
              .formatted(bucket, where(), why)
          + " graft.artifacts.s3.endpoint is right, and whether it needs path-style=true";
    }

    private String where() {
      URI endpoint = settings.endpoint();
      return endpoint == null ? "Amazon S3" : endpoint.toString();
    }
  }
}
