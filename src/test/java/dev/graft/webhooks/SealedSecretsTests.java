package dev.graft.webhooks;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.platform.GraftProperties;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Secrets in the database are of no use without the key beside it. */
class SealedSecretsTests {
  private static final byte[] SECRET = "a secret that is told once".getBytes(ISO_8859_1);

  @TempDir private Path directory;

  private SealedSecrets secrets(@Nullable String key) {
    return new SealedSecrets(
        new WebhooksConfiguration.WebhookProperties(
            key,
            List.of(),
            false,
            null,
            1,
            1,
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            List.of(),
            Duration.ofDays(1)),
        new GraftProperties(directory));
  }

  @Test
  void whatWasSealedIsOpenedByTheSameKey() throws Exception {
    byte[] sealed = secrets(null).seal(SECRET, "whe_1");

    assertThat(new String(sealed, ISO_8859_1)).doesNotContain("secret");
    assertThat(secrets(null).open(sealed, "whe_1")).isEqualTo(SECRET);
    assertThat(secrets(null).seal(SECRET, "whe_1")).isNotEqualTo(sealed);
  }

  @Test
  void theKeyIsAFileOfItsOwnerOrASetting() throws Exception {
    secrets(null).seal(SECRET, "whe_1");
    Path file = directory.resolve("webhooks.key");

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    String key = Files.readString(file);
    byte[] sealed = secrets(key).seal(SECRET, "whe_1");
    assertThat(secrets(null).open(sealed, "whe_1")).isEqualTo(SECRET);
  }

  @Test
  void nothingElseOpensIt() {
    SealedSecrets secrets = secrets(null);
    byte[] sealed = secrets.seal(SECRET, "whe_1");
    byte[] damaged = sealed.clone();
    damaged[sealed.length - 1] ^= 1;
    String other = Base64.getEncoder().encodeToString(new byte[32]);

    assertUnreadable(secrets, sealed, "whe_2");
    assertUnreadable(secrets, damaged, "whe_1");
    assertUnreadable(secrets, new byte[3], "whe_1");
    assertUnreadable(secrets(other), sealed, "whe_1");
  }

  private static void assertUnreadable(SealedSecrets secrets, byte[] sealed, String of) {
    assertThatExceptionOfType(SealedSecrets.Unreadable.class)
        .isThrownBy(() -> secrets.open(sealed, of));
  }

  @Test
  void aKeyOfAnotherLengthIsSaidAtOnce() throws IOException {
    assertThatExceptionOfType(MachineLacks.class)
        .isThrownBy(() -> secrets("c2hvcnQ="))
        .withMessageContaining("openssl rand -base64 32");
    Files.writeString(directory.resolve("webhooks.key"), "not base64!");
    assertThatExceptionOfType(MachineLacks.class)
        .isThrownBy(() -> secrets(null).seal(SECRET, "whe_1"));
  }
}
