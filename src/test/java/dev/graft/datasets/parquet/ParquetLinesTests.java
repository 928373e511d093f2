package dev.graft.datasets.parquet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Files of pandas, pyarrow and polars beside the JSONL that each must equal: golden_parquet.py. */
class ParquetLinesTests {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String FOLDER = "/dev/graft/datasets/parquet/";

  static byte[] resource(String name) throws IOException {
    try (InputStream in = ParquetLinesTests.class.getResourceAsStream(FOLDER + name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }

  static String lines(byte[] file, boolean ignoreUnknownKeys) throws IOException {
    ParquetLines.ParquetBytes bytes =
        new ParquetLines.ParquetBytes(() -> new ByteArrayInputStream(file), file.length);
    try (InputStream in = ParquetLines.of(bytes, ignoreUnknownKeys)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private static List<JsonNode> rows(String lines) {
    return lines.lines().map(JSON::readTree).toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pandas-category",
        "pandas-chat",
        "pandas-gzip",
        "pandas-index",
        "pandas-null",
        "polars-chat",
        "polars-labels",
        "polars-numbers",
        "polars-scores",
        "pyarrow-chat-v2",
        "pyarrow-crc",
        "pyarrow-delta",
        "pyarrow-float",
        "pyarrow-item",
        "pyarrow-json",
        "pyarrow-large",
        "pyarrow-lengths",
        "pyarrow-pages",
        "pyarrow-split",
        "pyarrow-uint"
      })
  void theRowsAreThoseOfTheSameJsonl(String name) throws IOException {
    String expected = new String(resource(name + ".jsonl"), UTF_8);
    assertThat(rows(lines(resource(name + ".parquet"), false)))
        .containsExactlyElementsOf(rows(expected));
  }

  @ParameterizedTest
  @CsvSource({
    "timestamp, the column 'more' of the type timestamp",
    "int96, the column 'more' of the type timestamp",
    "date, the column 'more' of the type date",
    "time, the column 'more' of the type time",
    "decimal, the column 'more' of the type decimal",
    "bytes, the column 'more' of the type bytes",
    "map, the column 'more' of the type map",
  })
  void whatJsonHasNotIsToldByItsColumnOrLeftOutOnRequest(String name, String message)
      throws IOException {
    byte[] file = resource("bad-" + name + ".parquet");
    assertThatThrownBy(() -> lines(file, false))
        .isInstanceOf(UnreadableParquet.class)
        .hasMessageContaining(message)
        .hasMessageContaining("ignore_unknown_keys");
    assertThat(lines(file, true)).isEqualTo("{\"text\":\"a\"}\n");
  }

  @Test
  void whatCannotBeReadIsToldByRowGroupAndColumn() throws IOException {
    Map<String, String> messages =
        Map.of(
            "nan",
            "has NaN or infinity, which JSON does not have: write null instead (row group 1 of 1,"
                + " column 'more')",
            "brotli",
            "packed with brotli");
    for (Map.Entry<String, String> each : messages.entrySet()) {
      byte[] file = resource("bad-" + each.getKey() + ".parquet");
      assertThatThrownBy(() -> lines(file, false))
          .isInstanceOf(UnreadableParquet.class)
          .hasMessageContaining(each.getValue());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pandas-gzip", "pyarrow-chat-v2", "pyarrow-lengths", "polars-chat"})
  void aFileThatIsCutOffAnywhereIsRefused(String name) throws IOException {
    byte[] file = resource(name + ".parquet");
    for (int length = 0; length < file.length; length++) {
      byte[] cut = Arrays.copyOf(file, length);
      assertThatThrownBy(() -> lines(cut, false)).isInstanceOf(UnreadableParquet.class);
    }
  }

  /** Of a text another one may be read; nothing else than a refusal may come of it. */
  @ParameterizedTest
  @ValueSource(strings = {"pandas-gzip", "pyarrow-lengths", "pyarrow-item", "polars-scores"})
  void aByteThatIsAnotherEndsInRowsOrInARefusal(String name) throws IOException {
    byte[] file = resource(name + ".parquet");
    int refused = 0;
    for (int at = 0; at < file.length; at++) {
      for (int mask : new int[] {0x01, 0x80, 0xff}) {
        byte[] damaged = file.clone();
        damaged[at] ^= (byte) mask;
        try {
          lines(damaged, false);
        } catch (UnreadableParquet told) {
          refused++;
        }
      }
    }
    assertThat(refused).isGreaterThan(file.length / 4);
  }

  @Test
  void aDamagedPageIsKnownByItsChecksum() throws IOException {
    byte[] file = resource("pyarrow-crc.parquet");
    String text = new String(file, ISO_8859_1);
    file[text.indexOf("assistant")] ^= 1;
    assertThatThrownBy(() -> lines(file, false))
        .hasMessageContaining("checksum")
        .hasMessageContaining("row group 1 of 2, column 'chosen[].role'");
  }
}
