package dev.graft.artifacts;

import dev.graft.platform.MachineLacks;
import java.net.URI;
import java.util.UUID;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * Whether a bucket can be listed, written, read and emptied; if not, in one line what to mend. The
 * object that it writes is removed again.
 */
record BucketCheck(S3Properties settings, String bucket) {
  /** Where no word of a refusal is known better. */
  private static final String RIGHTS =
      "allow s3:ListBucket, s3:ListBucketMultipartUploads, s3:GetObject, s3:PutObject,"
          + " s3:DeleteObject and s3:AbortMultipartUpload";

  /** The settings, as far as they can be wrong without a server. */
  static String requireBucket(S3Properties settings) {
    String bucket = settings.bucket();
    if (bucket == null || bucket.isBlank()) {
      throw new MachineLacks(
          "graft.artifacts.s3.enabled needs graft.artifacts.s3.bucket: name a bucket that is"
              + " there");
    }
    if ((settings.accessKey() == null) != (settings.secretKey() == null)) {
      throw new MachineLacks(
          "graft.artifacts.s3.access-key and secret-key belong together: set both, or neither, and"
              + " credentials are found as the AWS SDK does");
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

  /** Encrypted as all objects are: a policy of the bucket may ask for that. */
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
          case "NoSuchBucket" -> "it is not there: create it, or mend graft.artifacts.s3.bucket";
          case "InvalidAccessKeyId" ->
              "the access key is not known there: mend graft.artifacts.s3.access-key, or the"
                  + " credentials that the AWS SDK finds";
          case "SignatureDoesNotMatch" ->
              "the secret of the access key is wrong: mend graft.artifacts.s3.secret-key, or the"
                  + " credentials that the AWS SDK finds";
          case "ExpiredToken", "InvalidToken" -> "the credentials have expired: renew them";
          case "RequestTimeTooSkewed" -> "this machine's clock is wrong: set it";
          case "PermanentRedirect",
              "AuthorizationHeaderMalformed",
              "IllegalLocationConstraintException" ->
              "it is in another region: mend graft.artifacts.s3.region" + region(refused);
          case "AccessDenied", "AllAccessDisabled" -> "the credentials do not allow it: " + RIGHTS;
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
      return "there are no credentials for the bucket %s: set AWS_ACCESS_KEY_ID and"
              .formatted(bucket)
          + " AWS_SECRET_ACCESS_KEY, give this machine a role, or set graft.artifacts.s3.access-key"
          + " and secret-key";
    }
    if (why.contains("Unable to load region")) {
      return "the region of the bucket %s is not known: set graft.artifacts.s3.region or AWS_REGION"
          .formatted(bucket);
    }
    return "the bucket %s cannot be reached at %s: %s; does the server run, is"
            .formatted(bucket, where(), why)
        + " graft.artifacts.s3.endpoint right, and does it need path-style=true?";
  }

  private String where() {
    URI endpoint = settings.endpoint();
    return endpoint == null ? "Amazon S3" : endpoint.toString();
  }
}
