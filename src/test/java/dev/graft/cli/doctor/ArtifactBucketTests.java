package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.S3Server;
import org.junit.jupiter.api.Test;

class ArtifactBucketTests {
  private final S3Server server = S3Server.shared();

  private DoctorReport.CheckResult finding(String bucket, String... settings) {
    return new ServerChecks.ArtifactBucket(server.settings(bucket, settings)).findings().getFirst();
  }

  @Test
  void aBucketThatCanBeUsed() {
    assertThat(finding(server.bucket()).status()).isEqualTo(DoctorReport.CheckStatus.OK);
  }

  @Test
  void aBucketThatIsNotThereIsMissing() {
    DoctorReport.CheckResult missing = finding("not-there");
    assertThat(missing.status()).isEqualTo(DoctorReport.CheckStatus.MISSING);
    assertThat(missing.detail()).contains("not-there", "create it");
  }

  @Test
  void theSecretIsNotTold() {
    assertThat(finding(server.bucket(), "secret-key=another-secret").toString())
        .contains("secret-key")
        .doesNotContain("another-secret");
  }
}
