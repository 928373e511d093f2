package dev.graft.artifacts;

import dev.graft.platform.TrustedAuthorities;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/**
 * The SDK's clients.
 *
 * @param patient for requests that S3 answers only after it has moved gigabytes: joining parts,
 *     copying
 */
record S3Connections(S3Client client, S3Client patient, S3Presigner presigner)
    implements AutoCloseable {
  /** A download that its client reads slowly occupies one connection. */
  private static final int MOST = 512;

  private static final Duration PATIENCE = Duration.ofMinutes(10);

  static S3Connections of(S3Properties settings) {
    AwsCredentialsProvider credentials = credentials(settings);
    S3ClientBuilder client =
        S3Client.builder().credentialsProvider(credentials).forcePathStyle(settings.pathStyle());
    S3Presigner.Builder presigner =
        S3Presigner.builder()
            .credentialsProvider(credentials)
            .serviceConfiguration(
                S3Configuration.builder().pathStyleAccessEnabled(settings.pathStyle()).build());
    URI endpoint = settings.endpoint();
    if (endpoint != null) {
      // Many servers do not know the SDK's own checksums yet; our puts carry a SHA-256.
      client
          .endpointOverride(endpoint)
          .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
          .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
    }
    URI seen = settings.publicEndpoint() != null ? settings.publicEndpoint() : endpoint;
    if (seen != null) presigner.endpointOverride(seen);
    String named = settings.region();
    if (named != null || endpoint != null) {
      Region region = named != null ? Region.of(named) : Region.US_EAST_1;
      client.region(region);
      presigner.region(region);
    }
    return new S3Connections(
        client.httpClientBuilder(http(settings).maxConnections(MOST)).build(),
        client.httpClientBuilder(http(settings).socketTimeout(PATIENCE)).build(),
        presigner.build());
  }

  private static Apache5HttpClient.Builder http(S3Properties settings) {
    Apache5HttpClient.Builder http = Apache5HttpClient.builder();
    Path authorities = settings.certificateAuthorities();
    if (authorities != null) {
      http.tlsTrustManagersProvider(() -> TrustedAuthorities.managers(authorities));
    }
    return http;
  }

  private static AwsCredentialsProvider credentials(S3Properties settings) {
    String id = settings.accessKey();
    String secret = settings.secretKey();
    if (id == null || secret == null) return DefaultCredentialsProvider.builder().build();
    return StaticCredentialsProvider.create(AwsBasicCredentials.create(id, secret));
  }

  @Override
  public void close() {
    client.close();
    patient.close();
    presigner.close();
  }
}
