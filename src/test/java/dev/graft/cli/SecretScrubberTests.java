package dev.graft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.cli.SupportBundleCommand.SecretScrubber;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretScrubberTests {
  private static final SecretScrubber NOTHING_KNOWN = SecretScrubber.of(Map.of());

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spring.datasource.password",
        "GRAFT_ADMIN_KEY",
        "graft.webhooks.encryption-key",
        "graft.worker.join-token",
        "graft.worker.ray.token",
        "server.ssl.key-store-password",
        "AWS_SECRET_ACCESS_KEY",
        "SPRING_APPLICATION_JSON",
        "spring.security.oauth2.client.registration.x.client-secret"
      })
  void settingsThatAreSecretByTheirName(String name) {
    assertThat(SecretScrubber.isSecret(name)).isTrue();
    assertThat(SecretScrubber.of(Map.of(name, "planted-1")).scrub("a planted-1 b"))
        .isEqualTo("a ****** b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "graft.data-dir",
        "graft.inference.default-max-tokens",
        "graft.jobs.lease-ttl",
        "spring.datasource.url",
        "server.port"
      })
  void settingsThatAreNot(String name) {
    assertThat(SecretScrubber.isSecret(name)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Authorization: Bearer planted/Planted+planted==",
        "key sk-graft-plantedplantedplanted_1 is good",
        "ses-graft-plantedplantedplanted",
        "graft-join-plantedplantedplanted",
        "graft-worker-plantedplantedplanted",
        "whsec_plantedplantedplanted",
        "GET /downloads/planted.planted-planted?x=1",
        "jdbc:postgresql://planted:planted@db/graft",
        "jdbc:postgresql://db/graft?ssl=true&password=planted&user=me",
        "-Dspring.datasource.password=planted -Xmx1g",
        "{\"password\": \"planted\", \"a\": 1}",
        "eyJhbGciOiJplanted.planted.planted",
        "-----BEGIN PRIVATE KEY-----\nplanted\nplanted\n-----END PRIVATE KEY-----"
      })
  void whatLooksLikeASecret(String text) {
    assertThat(NOTHING_KNOWN.scrub(text)).doesNotContain("planted").contains("******");
  }

  @Test
  void otherTextStaysAsItIs() {
    String text =
        "job_claimed job=\"ftjob-7f\" epoch=\"1\" worker=wkr_2m\n"
            + "graft_jobs_pending{department=\"proj_1\"} 3.0\n"
            + "graft.inference.default-max-tokens=512\n"
            + "pod graft-worker-0 at http://graft:8080/v1\n";
    assertThat(NOTHING_KNOWN.scrub(text)).isEqualTo(text);
  }
}
