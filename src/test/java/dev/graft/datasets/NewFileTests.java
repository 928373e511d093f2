package dev.graft.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NewFileTests {
  private static String named(String filename) {
    return new NewFile("dept", filename, NewFile.FilePurpose.FINE_TUNE, null, DecodingOptions.NONE)
        .filename();
  }

  @ParameterizedTest
  @CsvSource({
    "train.jsonl, train.jsonl",
    "../../etc/passwd, passwd",
    "C:\\temp\\Übung 1.jsonl, Übung 1.jsonl",
    "'', file",
    "a/, file"
  })
  void aFilenameIsItsLastPart(String sent, String kept) {
    assertThat(named(sent)).isEqualTo(kept);
  }

  @Test
  void whatCouldHarmAHeaderOrTheDatabaseIsDropped() {
    assertThat(named("a\r\nSet-Cookie: x\0\uD800b")).isEqualTo("aSet-Cookie: xb");
    assertThat(named("😀".repeat(300)).codePointCount(0, 510)).isEqualTo(255);
  }
}
