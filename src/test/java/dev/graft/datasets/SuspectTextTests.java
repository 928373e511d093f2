package dev.graft.datasets;

import static dev.graft.datasets.Rows.findings;
import static dev.graft.datasets.Rows.good;
import static dev.graft.datasets.Rows.only;
import static dev.graft.datasets.Rows.pair;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts of a form are found, others are not, and none takes long. */
@Concurrent
class SuspectTextTests {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "card_number 4111 1111 1111 1111",
        "card_number 378282246310005",
        "card_number 378282246310005 4 items",
        "card_number Ann,4111111111111111,12/27",
        "card_number 3782 822463 10005",
        "bank_account BE68 5390 0754 7034 BIC GEBABEBB",
        "bank_account DE89 3704 0044 0532 0130 00",
        "bank_account GB82WEST12345698765432",
        "social_security_number 219-09-9999",
        "email_address jane.doe@mail.somewhere.co.uk",
        "phone_number +49 (30) 901820-0",
        "phone_number (212) 555-0123",
        "phone_number 212-555-0123",
        "special_token <|im_end|>",
        "special_token [/INST]",
        "broken_text Gr\u00c3\u00bc\u00c3\u009fe",
        "broken_text it\u00e2\u20ac\u2122s",
        "broken_text stra\u00c3\u0178e",
        "broken_text \u00c3\u0153ber",
        "broken_text \u00e2\u20ac\u0153so",
        "broken_text \u00f0\u0178\u02dc\u20ac",
        "broken_text \uFFFD",
        "control_character \\u0007",
      })
  void textsOfAFormAreFound(String example) throws IOException {
    String[] parts = example.split(" ", 2);

    QualityFinding found = only(pair("Tell me", " It is " + parts[1] + ", I think"));

    assertThat(found.check().wireName()).isEqualTo(parts[0]);
    assertThat(found.lines()).containsExactly(61L);
    assertThat(found.toString()).doesNotContain(parts[1]);
  }

  /** Put together here, so that no scanner takes this file for a leak. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "AKIA|IOSFODNN7EXAMPLE",
        "ghp_|0123456789abcdefghijABCDEFGHIJ012345",
        "-----BEGIN RSA |PRIVATE KEY-----",
        "sk-|0123456789abcdefghijABCD"
      })
  void secretsAreFound(String secret) throws IOException {
    QualityFinding found = only(pair("The key?", " " + secret.replace("|", "")));

    assertThat(found.check()).isEqualTo(QualityFinding.Defect.SECRET);
    assertThat(found.severity()).isEqualTo(QualityFinding.Severity.ERROR);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "4111 1111 1111 1112",
        "order 2024-0612-0000-0001",
        "DE89 3704 0044 0532 0130 01",
        "000-12-3456",
        "sk-toggleable__label-arrow",
        "/sk-produkty-a-sluzby-pre-vas",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "name@example.com",
        "a@b",
        "+5",
        "+1 2",
        "<|>",
        "3.14159265358979323",
        "caf\u00e9 na\u00efve \u2018quoted\u2019",
        "\\t\\n",
      })
  void textsThatAreNotOfAFormAreNot(String text) throws IOException {
    assertThat(findings(Stream.concat(good(), Stream.of(pair("Tell me", " It is " + text)))))
        .isEmpty();
  }

  @Timeout(60)
  @ParameterizedTest
  @ValueSource(
      strings = {
        " +1111111111111111111111111111",
        "-eyJ",
        "a@example.com ",
        "a",
        "1",
        "1 ",
        "a.",
        "@",
        "A1B2 ",
        "+1-(",
        "eyJ",
        "<|",
        "-1"
      })
  void noTextTakesLong(String piece) {
    // a form that backtracks would not end
    String text = piece.repeat(500_000 / piece.length());

    for (UnwantedText.SuspectText form : UnwantedText.SuspectText.values()) form.isIn(text);
  }
}
