package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowValidationTests {
  private static final String CHAT =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"1+1?\"},{\"role\":\"assistant\",\"content\":\"2\"}]}";

  private static Validation validate(byte[] bytes) throws IOException {
    return RowValidation.of(new ByteArrayInputStream(bytes), 1 << 16);
  }

  private static Validation validate(String text) throws IOException {
    return validate(text.getBytes(UTF_8));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"prompt\":\"a\",\"completion\":\"b\"}",
        "{\"text\":\"a\"}",
        "{\"messages\":[{\"role\":\"developer\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\"}]}",
      })
  void everyShapeIsCounted(String row) throws IOException {
    assertThat(validate(row + "\n" + row)).isEqualTo(new Validation(2, java.util.List.of()));
  }

  @Test
  void windowsLineEndsAndEmptyLinesAreFine() throws IOException {
    assertThat(validate(CHAT + "\r\n\r\n" + CHAT + "\r\n").examples()).isEqualTo(2);
    assertThat(validate(CHAT + "\r\n\r\n" + CHAT + "\r\n").good()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "hello                                              | is not valid JSON",
        "[1]                                                | is not a JSON object",
        "{} {}                                              | is not valid JSON",
        "{\"text\":\"a\",\"text\":\"b\"}                    | is not valid JSON",
        "{\"question\":\"a\"}                               | has none of",
        "{\"prompt\":\"a\"}                                 | 'completion' is not a text",
        "{\"messages\":[]}                                  | at least one message",
        "{\"messages\":[{\"role\":\"bot\",\"content\":\"\"}]} | messages[0].role is not one of",
        "{\"messages\":[{\"role\":\"user\",\"content\":7}]} | messages[0].content is not a text",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]} | 'assistant'",
      })
  void aBadRowIsNamedByItsLine(String row, String message) throws IOException {
    Validation validation = validate(CHAT + "\n\n" + row + "\n");
    assertThat(validation.problems()).hasSize(1);
    assertThat(validation.problems().getFirst().line()).isEqualTo(3);
    assertThat(validation.problems().getFirst().message()).contains(message);
  }

  @Test
  void rowsOfDifferentShapesAreRefused() throws IOException {
    assertThat(validate(CHAT + "\n{\"text\":\"a\"}").problems())
        .containsExactly(new Problem(2, "a text row, while the rows before are messages"));
  }

  @Test
  void anEmptyFileIsRefused() throws IOException {
    assertThat(validate("").problems()).containsExactly(new Problem(0, "the file has no rows"));
    assertThat(validate("\n \n").good()).isFalse();
  }

  @Test
  void bytesThatAreNotTextAreRefused() throws IOException {
    assertThat(validate("\uFEFF" + CHAT).problems().getFirst().message()).contains("byte order");
    assertThat(validate(CHAT + "\0").problems().getFirst().message()).contains("NUL");
    byte[] latin1 = CHAT.replace('2', 'é').getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThat(validate(latin1).problems().getFirst().message()).contains("UTF-8");
  }

  @Test
  void readingStopsAtTheHundredthProblem() throws IOException {
    assertThat(validate("x\n".repeat(1000)).problems()).hasSize(100);
  }

  @Test
  void aLineOfTwoGigabytesIsAProblemOfItsLineAndNotOfTheHeap() throws IOException {
    InputStream huge = new Filler((2L << 30) + 5);
    InputStream rest = new ByteArrayInputStream(("\n" + CHAT).getBytes(UTF_8));
    Validation validation = RowValidation.of(new java.io.SequenceInputStream(huge, rest), 8 << 20);
    assertThat(validation.problems()).containsExactly(new Problem(1, "longer than 8388608 bytes"));
    assertThat(validation.examples()).isEqualTo(1);
  }

  /** So many 'a' without holding them. */
  private static final class Filler extends InputStream {
    private long left;

    Filler(long length) {
      left = length;
    }

    @Override
    public int read() {
      return left-- > 0 ? 'a' : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      if (left <= 0) {
        return -1;
      }
      int n = (int) Math.min(left, length);
      Arrays.fill(target, offset, offset + n, (byte) 'a');
      left -= n;
      return n;
    }
  }
}
