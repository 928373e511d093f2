package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.datasets.FileValidation.ValidationResult;
import dev.graft.text.Example;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValidationTests {
  private static final String CHAT =
      """
      {"messages":[{"role":"user","content":"1+1?"},{"role":"assistant","content":"2"}]}\
      """;

  private static ValidationResult validate(String text) throws IOException {
    return ValidationResult.of(new ByteArrayInputStream(text.getBytes(UTF_8)));
  }

  @Test
  void goodRowsAreCounted() throws IOException {
    assertThat(validate(CHAT + "\r\n\r\n" + CHAT))
        .isEqualTo(new ValidationResult(2, Example.Kind.CHAT, CHAT.length() + 1, null, List.of()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hello",
        "[1]",
        "{} {}",
        "{\"text\":\"a\",\"text\":\"b\"}",
        "{\"question\":\"a\"}",
        "{\"prompt\":\"a\"}",
        "{\"text\":\"a\"}",
        "{\"messages\":[]}",
        "{\"messages\":[{\"role\":\"bot\",\"content\":\"\"}]}",
        "{\"messages\":[{\"role\":\"assistant\",\"content\":7}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}",
        "\0"
      })
  void aBadRowIsNamedByItsLine(String row) throws IOException {
    ValidationResult validation = validate(CHAT + "\n\n" + row + "\n" + CHAT);
    assertThat(validation.problems())
        .extracting(FileValidation.LineProblem::line)
        .containsExactly(3L);
  }

  @Test
  void aFileWithoutRowsIsBadAsAWhole() throws IOException {
    assertThat(validate("\n").problems())
        .extracting(FileValidation.LineProblem::line)
        .containsExactly(0L);
  }

  @Test
  void readingStopsAtTheHundredthProblem() throws IOException {
    assertThat(validate("x\n".repeat(1000)).problems()).hasSize(100);
  }

  @Test
  void aLineOfTwoGigabytesIsAProblemOfItsLineAndNotOfTheHeap() throws IOException {
    InputStream rest = new ByteArrayInputStream(("\n" + CHAT).getBytes(UTF_8));
    ValidationResult validation =
        ValidationResult.of(new SequenceInputStream(new Filler((2L << 30) + 5), rest));
    assertThat(validation.problems())
        .extracting(FileValidation.LineProblem::line)
        .containsExactly(1L);
    assertThat(validation.examples()).isEqualTo(1);
  }

  /** So many letters without holding them. */
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
