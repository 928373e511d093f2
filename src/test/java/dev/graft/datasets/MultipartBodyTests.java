package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.datasets.MultipartForm.MultipartBody;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MultipartBodyTests {
  private static final String FIELD = "content-disposition: form-data; name=\"a\"\r\n\r\n";

  /** Gives a few bytes at a time, as a socket may. */
  private static InputStream trickle(String body, int most) {
    return new ByteArrayInputStream(body.getBytes(UTF_8)) {
      @Override
      public synchronized int read(byte[] target, int offset, int length) {
        return super.read(target, offset, Math.min(length, most));
      }
    };
  }

  private static List<String> contents(InputStream in) throws IOException {
    MultipartBody body = new MultipartBody(in, "XX");
    List<String> contents = new ArrayList<>();
    for (var part = body.next(); part != null; part = body.next()) {
      String text = new String(part.content().readAllBytes(), UTF_8);
      contents.add(part.name() + "=" + text);
    }
    return contents;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 100_000})
  void contentIsWhatLiesBetweenTheDelimitersHoweverItArrives(int most) throws IOException {
    String large = "\r\n--X\r\r\n-".repeat(20_000) + "end";
    String body =
        "a preamble\r\n--XX\r\n"
            + FIELD
            + large
            + "\r\n--XX  \r\n"
            + FIELD
            + "\r\n--XX\r\n"
            + FIELD.replace("\"a\"", "b")
            + "\r\n\r\n--XX--\r\nan epilogue";
    assertThat(contents(trickle(body, most))).containsExactly("a=" + large, "a=", "b=\r\n");
  }

  @Test
  void whatIsNotReadOfAPartIsPassedOver() throws IOException {
    String body = "--XX\r\n" + FIELD + "1".repeat(200_000) + "\r\n--XX\r\n" + FIELD + "2\r\n--XX--";
    MultipartBody parts = new MultipartBody(trickle(body, 1000), "XX");
    assertThat(parts.next().content().read()).isEqualTo('1');
    assertThat(parts.next().content().readAllBytes()).containsExactly('2');
    assertThat(parts.next()).isNull();
  }

  @Test
  void namesMayHoldWhatHeadersMay() throws IOException {
    String header =
        "Content-Type: text/plain\r\n"
            + "Content-Disposition: form-data; name=\"a\"; filename=\"ü; \\\"1\\\".jsonl\"\r\n\r\n";
    MultipartBody body = new MultipartBody(trickle("--XX\r\n" + header + "\r\n--XX--", 9), "XX");
    assertThat(body.next().filename()).isEqualTo("ü; \"1\".jsonl");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hello",
        "--XX",
        "--XX\r\n",
        "--XX\r\n" + FIELD + "cut",
        "--XX\r\n" + FIELD + "cut\r\n--X",
        "--XX\r\n" + FIELD + "\r\n--XXY\r\n",
        "--XX\r\nno colon\r\n\r\n\r\n--XX--",
        "--XX\r\n\r\nno disposition\r\n--XX--",
        "--XX\r\ncontent-disposition: form-data\r\n\r\n\r\n--XX--",
        "--XX\r\ncontent-disposition: form-data; name=a; filename=\"a\0b\"\r\n\r\n\r\n--XX--",
      })
  void aBodyThatIsNotWholeIsMalformed(String body) {
    assertThatExceptionOfType(MultipartBody.Malformed.class)
        .isThrownBy(() -> contents(trickle(body, 5)));
  }

  @Test
  void headersHaveAnEnd() {
    for (String header : List.of("x: y\r\n".repeat(2000), "x: " + "y".repeat(100_000))) {
      assertThatExceptionOfType(MultipartBody.Malformed.class)
          .isThrownBy(() -> contents(trickle("--XX\r\n" + header + "\r\n\r\n--XX--", 1000)));
    }
  }
}
