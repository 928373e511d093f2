package dev.graft.artifacts;

import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/**
 * How a bucket is reached that is only read; its parts are those of {@link S3Properties}.
 *
 * @param accessKey with its secret; null: credentials are found as the AWS SDK does
 */
public record BucketAccess(
    String bucket,
    @Nullable URI endpoint,
    @Nullable String region,
    boolean pathStyle,
    @Nullable String accessKey,
    @Nullable String secretKey) {
  /** With what nobody who only reads asks for. */
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
