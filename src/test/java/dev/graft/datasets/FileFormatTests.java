package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import dev.graft.datasets.DecodingOptions.CsvColumns;
import dev.graft.datasets.FileFormat.Undecodable;
import dev.graft.platform.RequestFailed;
import dev.graft.text.RowReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FileFormatTests {
  private static final String ROWS = "{\"text\":\"a\"}\n{\"text\":\"ü\"}\n";

  private final List<RowReader.Problem> problems = new ArrayList<>();

  private String rows(byte[] file, String name, @Nullable CsvColumns columns) throws IOException {
    FileFormat format =
        FileFormat.of(new ByteArrayInputStream(file), name, new DecodingOptions(columns, false));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    format.writeRows(new ByteArrayInputStream(file), out, problems);
    return out.toString(UTF_8);
  }

  private String rows(String csv, @Nullable CsvColumns columns) throws IOException {
    return rows(csv.getBytes(UTF_8), "t.csv", columns);
  }

  private static byte[] packed(Compression how, byte[] content) throws IOException {
    return switch (how) {
      case NONE -> content;
      case GZIP -> {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(out)) {
          gzip.write(content);
        }
        yield out.toByteArray();
      }
      case ZSTD -> Zstd.compress(content);
    };
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void rowsArePackedOrNotWhateverTheNameSays(Compression how) throws IOException {
    byte[] file = packed(how, ROWS.getBytes(UTF_8));
    assertThat(rows(file, "train.jsonl", null)).isEqualTo(ROWS);
    FileFormat format = FileFormat.of(new ByteArrayInputStream(file), "x", DecodingOptions.NONE);
    assertThat(format.isRows()).isEqualTo(how == Compression.NONE);
  }

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "ZSTD"})
  void packedDataThatIsCutOffOrDamagedIsRefused(Compression how) throws IOException {
    byte[] noise = new byte[5000];
    new Random(1).nextBytes(noise);
    byte[] file = packed(how, noise);
    for (int length : List.of(5, 20, file.length / 2, file.length - 1)) {
      assertThatThrownBy(() -> rows(Arrays.copyOf(file, length), "t.jsonl", null))
          .isInstanceOf(Undecodable.class);
    }
    byte[] damaged = file.clone();
    damaged[4] ^= 0x55;
    damaged[file.length / 2] ^= 1;
    damaged[file.length - 6] ^= 1;
    if (how == Compression.GZIP) {
      assertThatThrownBy(() -> rows(damaged, "t.jsonl", null)).isInstanceOf(Undecodable.class);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "ZSTD"})
  void whatGrowsOutOfProportionIsRefusedLongBeforeItsEnd(Compression how) throws IOException {
    byte[] bomb = packed(how, new byte[64 << 20]);
    assertThat(bomb.length).isLessThan(1 << 18);
    assertThatThrownBy(() -> rows(bomb, "t.jsonl", null))
        .isInstanceOfSatisfying(
            Undecodable.class, e -> assertThat(e.reason()).contains("100 times"));
  }

  @Test
  void aFrameThatOrdersMuchMemoryIsRefused() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream zstd = new ZstdOutputStreamNoFinalizer(out, 3).setLong(27)) {
      zstd.write(ROWS.getBytes(UTF_8));
    }
    assertThatThrownBy(() -> rows(out.toByteArray(), "t.jsonl", null))
        .isInstanceOfSatisfying(Undecodable.class, e -> assertThat(e.reason()).contains("8 MiB"));
  }

  @Test
  void aHeaderMayNameTheFieldsItself() throws IOException {
    assertThat(rows("prompt;completion\n1+1;2\n", null))
        .isEqualTo("\n{\"prompt\":\"1+1\",\"completion\":\"2\"}\n");
  }

  @Test
  void aMappingTheWrongWayRoundIsToldTheRightOne() {
    assertThatThrownBy(() -> new CsvColumns(Map.of("message", "text")))
        .hasMessageStartingWith("'message' is not a field of a row; fields are user, assistant")
        .hasMessageContaining(
            "FIELD=COLUMN: --column text=message of graft, columns[text]=message");
    assertThatThrownBy(() -> new CsvColumns(Map.of("q", "question")))
        .hasMessageContaining("--column user=question");
  }

  @Test
  void aMappingNamesTheColumnsAndTheRestIsLeftOut() throws IOException {
    CsvColumns columns = new CsvColumns(Map.of("user", "question", "assistant", "answer"));
    assertThat(rows("id,question,answer\n7,\"a, b\",c\n", columns))
        .isEqualTo(
            "\n{\"messages\":[{\"role\":\"user\",\"content\":\"a, b\"},"
                + "{\"role\":\"assistant\",\"content\":\"c\"}]}\n");
  }

  @Test
  void rowsStayOnTheLinesOfTheirRecords() throws IOException {
    String jsonl = rows("text\n\"one\ntwo\"\n\nthree\n", null);
    assertThat(jsonl.split("\n", -1))
        .containsExactly("", "{\"text\":\"one\\ntwo\"}", "", "", "{\"text\":\"three\"}", "");
  }

  @Test
  void aRecordOfAnotherWidthIsAProblemOfItsLine() throws IOException {
    rows("prompt,completion\na,b\nc\nd,e,f\ng,h\n", null);
    assertThat(problems)
        .containsExactly(
            new RowReader.Problem(3, "has 1 cells, the header has 2"),
            new RowReader.Problem(4, "has 3 cells, the header has 2"));
  }

  @Test
  void aHeaderThatDoesNotSayWhatIsWhatIsRefused() {
    assertThatThrownBy(() -> rows("question,answer\na,b\n", null))
        .isInstanceOfSatisfying(
            Undecodable.class,
            e ->
                assertThat(e.reason())
                    .contains("not make a row: 'question', 'answer'. Name them user, assistant")
                    .contains("--column user=question", "columns[user]=question"));
    CsvColumns columns = new CsvColumns(Map.of("text", "body"));
    assertThatThrownBy(() -> rows("title,text\na,b\n", columns))
        .isInstanceOfSatisfying(
            Undecodable.class,
            e ->
                assertThat(e.reason())
                    .isEqualTo(
                        "has no column 'body' (for the field text); its columns are 'title',"
                            + " 'text'"));
    assertThatThrownBy(() -> rows("body,body\na,b\n", columns))
        .isInstanceOfSatisfying(
            Undecodable.class, e -> assertThat(e.reason()).contains("two columns"));
  }

  @Test
  void columnsThatMakeNoRowAreRefused() {
    for (Map<String, String> wrong :
        List.of(
            Map.of("prompt", "a"),
            Map.of("user", "a", "completion", "b"),
            Map.of("label", "a"),
            Map.of("text", " "))) {
      assertThatThrownBy(() -> new CsvColumns(wrong)).isInstanceOf(RequestFailed.class);
    }
  }
}
