package dev.graft.artifacts;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * Artifacts in a bucket.
 *
 * @param enabled whether artifacts lie in a bucket; else in the data directory
 * @param bucket the bucket, which must be there; no other program should write under its prefix
 * @param prefix what the names of all objects begin with, so that a bucket can be shared
 * @param endpoint of an S3 server that is not Amazon's, such as {@code https://s3.example.com:9000}
 * @param publicEndpoint where clients and workers reach that server, if by another address: it is
 *     what pre-signed URLs name
 * @param region of the bucket; by default as the AWS SDK finds it ({@code AWS_REGION}), with an
 *     endpoint {@code us-east-1}
 * @param pathStyle whether the bucket is named in the path of a URL, not in its host: many servers
 *     that are not Amazon's need it
 * @param accessKey id of an access key; by default credentials are found as the AWS SDK does:
 *     environment, profile, web identity, container, instance
 * @param secretKey the secret of that key
 * @param certificateAuthorities PEM file of the authorities that vouch for the server, where Java's
 *     own list does not have them
 * @param encryption how the server encrypts objects: as the bucket is set up, with its own keys
 *     (SSE-S3), or with a key of a key management service (SSE-KMS)
 * @param kmsKeyId of {@code sse-kms}; by default the account's own key
 * @param multipartThreshold blobs larger than this are sent in parts
 * @param partSize of each part, between 5MB and 5GB; larger where there would be more than 10,000
 * @param abandonedAfter age at which the parts of an unfinished upload are removed
 * @param cacheSize how much of the server's disk copies of base models take; by default half of its
 *     file system
 * @param redirectDownloads whether downloads of files and adapters are answered with a redirect to
 *     a pre-signed URL of the bucket, which clients must be able to reach
 * @param redirectWorkers whether workers download from the bucket and upload to it directly
 * @param linkLifetime how long a pre-signed URL can be begun with, up to 7 days
 */
@ConfigurationProperties("graft.artifacts.s3")
public record S3Properties(
    @DefaultValue("false") boolean enabled,
    @Nullable String bucket,
    @Nullable String prefix,
    @Nullable URI endpoint,
    @Nullable URI publicEndpoint,
    @Nullable String region,
    @DefaultValue("false") boolean pathStyle,
    @Nullable String accessKey,
    @Nullable String secretKey,
    @Nullable Path certificateAuthorities,
    @DefaultValue("bucket-default") Encryption encryption,
    @Nullable String kmsKeyId,
    @DefaultValue("64MB") DataSize multipartThreshold,
    @DefaultValue("16MB") DataSize partSize,
    @DefaultValue("1d") Duration abandonedAfter,
    @Nullable DataSize cacheSize,
    @DefaultValue("false") boolean redirectDownloads,
    @DefaultValue("false") boolean redirectWorkers,
    @DefaultValue("10m") Duration linkLifetime) {
  private static final DataSize LEAST_PART = DataSize.ofMegabytes(5);
  private static final DataSize LARGEST_PUT = DataSize.ofGigabytes(5);
  private static final Duration LEAST_AGE = Duration.ofHours(1);
  private static final Duration LONGEST_LINK = Duration.ofDays(7);

  /** Who encrypts objects at rest, and with whose key. */
  public enum Encryption {
    BUCKET_DEFAULT,
    SSE_S3,
    SSE_KMS
  }

  public S3Properties {
    require(
        partSize.compareTo(LEAST_PART) >= 0 && partSize.compareTo(LARGEST_PUT) <= 0,
        "part-size must be between 5MB and 5GB");
    require(
        multipartThreshold.compareTo(LARGEST_PUT) <= 0 && !multipartThreshold.isNegative(),
        "multipart-threshold must be 5GB or less");
    require(
        abandonedAfter.compareTo(LEAST_AGE) >= 0,
        "abandoned-after must be 1h or longer, so that running uploads are not removed");
    require(
        linkLifetime.isPositive() && linkLifetime.compareTo(LONGEST_LINK) <= 0,
        "link-lifetime must be longer than 0 and at most 7d");
    require(cacheSize == null || cacheSize.toBytes() > 0, "cache-size must be positive");
  }

  private static void require(boolean holds, String sentence) {
    if (!holds) throw new IllegalArgumentException("graft.artifacts.s3." + sentence);
  }

  /** Another bucket of the same server. */
  public S3Properties at(String otherBucket, String otherPrefix) {
    return new S3Properties(
        true,
        otherBucket,
        otherPrefix,
        endpoint,
        publicEndpoint,
        region,
        pathStyle,
        accessKey,
        secretKey,
        certificateAuthorities,
        encryption,
        kmsKeyId,
        multipartThreshold,
        partSize,
        abandonedAfter,
        cacheSize,
        redirectDownloads,
        redirectWorkers,
        linkLifetime);
  }

  /** Returns the prefix with a slash at its end, or an empty string. */
  String keyPrefix() {
    if (prefix == null) return "";
    String plain = prefix.replaceAll("^/+|/+$", "");
    return plain.isEmpty() ? "" : plain + "/";
  }

  /** Returns the encryption that a put asks for; null = the bucket's default. */
  @Nullable ServerSideEncryption serverSideEncryption() {
    return switch (encryption) {
      case BUCKET_DEFAULT -> null;
      case SSE_S3 -> ServerSideEncryption.AES256;
      case SSE_KMS -> ServerSideEncryption.AWS_KMS;
    };
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "S3Properties[bucket=%s, prefix=%s, endpoint=%s]".formatted(bucket, prefix, endpoint);
  }
}
