package dev.graft.datasets;

import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What departments may import files from; without these, nothing.
 *
 * @param maxFiles that one import may join
 */
@ConfigurationProperties("graft.datasets.sources")
record SourceProperties(
    @DefaultValue Hf hf, @DefaultValue List<S3> s3, @DefaultValue("100") int maxFiles) {
  SourceProperties {
    s3 = List.copyOf(s3);
  }

  /**
   * @param organizations whose data sets on the hub of {@code graft.hub.endpoint} may be imported,
   *     as the hub spells them; empty: none
   */
  record Hf(@DefaultValue List<String> organizations) {}

  /**
   * @param bucket whose objects may be imported
   * @param prefix of their keys, as a folder; empty: all of the bucket
   * @param endpoint of an S3 server that is not Amazon's
   * @param region of the bucket; by default as the AWS SDK finds it ({@code AWS_REGION}), with an
   *     endpoint {@code us-east-1}
   * @param pathStyle whether the bucket is named in the path of a URL, not in its host
   * @param accessKey id of an access key that may read; by default credentials are found as the AWS
   *     SDK does
   * @param secretKey the secret of that key
   */
  record S3(
      String bucket,
      @DefaultValue("") String prefix,
      @Nullable URI endpoint,
      @Nullable String region,
      @DefaultValue("false") boolean pathStyle,
      @Nullable String accessKey,
      @Nullable String secretKey) {
    boolean allows(ImportSource.OfBucket source) {
      String plain = prefix.replaceAll("^/+|/+$", "");
      String under = plain.isEmpty() ? "" : plain + "/";
      return bucket.equals(source.bucket()) && source.names().beginning().startsWith(under);
    }

    /** Without the secret. */
    @Override
    public String toString() {
      return "S3[bucket=%s, prefix=%s]".formatted(bucket, prefix);
    }
  }
}
