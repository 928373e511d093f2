package dev.graft.webhooks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.webhooks.WebhookSender.Signature;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Signatures are those of Standard Webhooks. */
class SignatureTests {
  private static final byte[] SECRET =
      Base64.getDecoder().decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

  /** The example of the specification. */
  @Test
  void theExampleOfTheSpecification() {
    assertThat(
            Signature.of(
                List.of(SECRET),
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1614265330,
                "{\"test\": 2432232314}"))
        .isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  }

  @Test
  void twoSecretsSignOneAfterTheOther() {
    String both = Signature.of(List.of(SECRET, new byte[32]), "a", 1, "b");

    assertThat(both)
        .isEqualTo(
            Signature.of(List.of(SECRET), "a", 1, "b")
                + " "
                + Signature.of(List.of(new byte[32]), "a", 1, "b"));
  }
}
