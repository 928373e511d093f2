package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.S3Server;
import org.junit.jupiter.api.Test;

class ArtifactBucketTests {
  private final S3Server server = S3Server.shared();

  private CheckResult finding(String bucket, String... settings) {
    return new ArtifactBucket(server.settings(bucket, settings)).findings().getFirst();
  }

  @Test
  void aBucketThatCanBeUsed() {
    assertThat(finding(server.bucket()).status()).isEqualTo(CheckStatus.OK);
  }

  @Test
  void aBucketThatIsNotThereIsMissing() {
    CheckResult missing = finding("not-there");
    assertThat(missing.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(missing.detail()).contains("not-there", "create it");
  }

  @Test
  void theSecretIsNotTold() {
    assertThat(finding(server.bucket(), "secret-key=another-secret").toString())
        .contains("secret-key")
        .doesNotContain("another-secret");
  }
}
