package dev.graft.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A bucket that cannot be used is refused when the server starts, with what to mend. */
class BucketCheckTests {
  private final S3Server server = S3Server.shared();

  private static String refusal(S3Properties settings) {
    return assertThatExceptionOfType(MachineLacks.class)
        .isThrownBy(() -> S3Bucket.open(settings).close())
        .actual()
        .getMessage();
  }

  @Test
  void aBucketThatCanBeUsedIsEmptyAfterwardsAsItWasBefore() {
    String bucket = server.bucket();
    S3Bucket.open(server.settings(bucket)).close();
    try (var s3 = server.client()) {
      assertThat(s3.listObjectsV2(r -> r.bucket(bucket)).contents()).isEmpty();
    }
  }

  @Test
  void oneThatIsNotThere() {
    assertThat(refusal(server.settings("not-there")))
        .contains("not-there", "create it", "graft.artifacts.s3.bucket")
        .doesNotContain("\n");
  }

  @Test
  void aWrongSecret() {
    assertThat(refusal(server.settings(server.bucket(), "secret-key=wrong")))
        .contains("secret", "graft.artifacts.s3.secret-key")
        .doesNotContain("\n", "wrong\"");
  }

  @Test
  void aKeyThatTheServerDoesNotKnow() {
    assertThat(refusal(server.settings(server.bucket(), "access-key=nobody")))
        .contains("does not know the access key", "graft.artifacts.s3.access-key");
  }

  @Test
  void aServerThatDoesNotRun() throws IOException {
    URI nobody;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = URI.create("http://127.0.0.1:" + socket.getLocalPort());
    }
    assertThat(refusal(S3Server.settings(nobody, "b")))
        .contains(nobody.toString(), "check that the server runs", "graft.artifacts.s3.endpoint")
        .doesNotContain("\n");
  }

  @Test
  void noBucketHalfAKeyOrAKeyOfNoUse() {
    assertThat(refusal(S3Server.bound(Map.of("graft.artifacts.s3.enabled", "true"))))
        .contains("graft.artifacts.s3.bucket");
    assertThat(
            refusal(
                S3Server.bound(
                    Map.of(
                        "graft.artifacts.s3.bucket", "b", "graft.artifacts.s3.access-key", "a"))))
        .contains("set both");
    assertThat(refusal(server.settings(server.bucket(), "kms-key-id=a"))).contains("sse-kms");
  }

  @Test
  void anEndpointThatIsNoUrl() {
    assertThat(refusal(S3Server.settings(URI.create("minio"), "b")))
        .contains("graft.artifacts.s3.endpoint");
  }

  @ParameterizedTest
  @CsvSource({
    "part-size=1MB, part-size",
    "part-size=6GB, part-size",
    "multipart-threshold=6GB, multipart-threshold",
    "abandoned-after=1m, abandoned-after",
    "link-lifetime=8d, link-lifetime",
    "link-lifetime=0s, link-lifetime",
    "cache-size=0MB, cache-size"
  })
  void aSettingThatCannotBe(String setting, String named) {
    assertThatThrownBy(() -> server.settings("b", setting))
        .rootCause()
        .hasMessageContaining("graft.artifacts.s3." + named);
  }

  @Test
  void settingsAsTextKeepTheSecret() {
    assertThat(server.settings("b")).asString().doesNotContain(S3Server.SECRET_KEY);
  }
}
