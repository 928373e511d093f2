package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;

/** Sends a file in parts, some at once, and joins them: until then there is no object. */
record MultipartPut(S3Connections connections, UploadSource source, long partSize) {
  private static final Logger log = LoggerFactory.getLogger(MultipartPut.class);
  private static final int MOST_PARTS = 10_000;
  private static final int AT_ONCE = 4;

  /** As large as they must be for a blob of this size. */
  static MultipartPut of(S3Connections connections, UploadSource source, long partSize) {
    return new MultipartPut(
        connections, source, Math.max(partSize, Math.ceilDiv(source.bytes(), MOST_PARTS)));
  }

  /**
   * @param ifAbsent the server refuses with 412 where the object is there
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
      CreateMultipartUploadRequest object, String id, int number, long offset) throws IOException {
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

  /** If that fails too, its age will remove it. */
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
