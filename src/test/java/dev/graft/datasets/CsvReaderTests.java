package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.datasets.CsvRows.CsvReader;
import dev.graft.text.RowReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CsvReaderTests {
  private static final String ALPHABET = "ab \",;\t\n\réß😀";

  private static List<CsvReader.Row> read(byte[] csv) throws IOException {
    CsvReader reader = new CsvReader(new ByteArrayInputStream(csv));
    List<CsvReader.Row> rows = new ArrayList<>();
    for (CsvReader.Row row = reader.next(); row != null; row = reader.next()) rows.add(row);
    return rows;
  }

  private static List<CsvReader.Row> read(String csv) throws IOException {
    return read(csv.getBytes(UTF_8));
  }

  private static List<List<String>> cells(String csv) throws IOException {
    return read(csv).stream().map(CsvReader.Row::cells).toList();
  }

  /** Whatever is written by the rules of RFC 4180 is read as it was. */
  @RepeatedTest(50)
  void whatIsWrittenIsRead(RepetitionInfo repetition) throws IOException {
    Random random = new Random(repetition.getCurrentRepetition());
    String delimiter = List.of(",", ";", "\t").get(random.nextInt(3));
    String end = random.nextBoolean() ? "\n" : "\r\n";
    int width = 2 + random.nextInt(4);
    List<List<String>> table = new ArrayList<>();
    table.add(java.util.stream.IntStream.range(0, width).mapToObj(i -> "c" + i).toList());
    for (int i = 0; i < 20; i++) table.add(randomRow(random, width));
    String csv =
        table.stream()
            .map(row -> row.stream().map(c -> written(c)).collect(Collectors.joining(delimiter)))
            .collect(Collectors.joining(end));
    assertThat(cells(csv)).isEqualTo(table);
    long line = 1;
    for (CsvReader.Row row : read(csv)) {
      assertThat(row.line()).isEqualTo(line);
      line += row.lines();
    }
  }

  private static List<String> randomRow(Random random, int width) {
    int[] letters = ALPHABET.codePoints().toArray();
    List<String> row = new ArrayList<>();
    for (int i = 0; i < width; i++) {
      StringBuilder cell = new StringBuilder();
      int length = random.nextInt(8);
      for (int j = 0; j < length; j++) {
        cell.appendCodePoint(letters[random.nextInt(letters.length)]);
      }
      row.add(cell.toString());
    }
    return row;
  }

  private static String written(String cell) {
    boolean plain = cell.chars().noneMatch(c -> "\",;\t\n\r".indexOf(c) >= 0);
    return plain ? cell : '"' + cell.replace("\"", "\"\"") + '"';
  }

  @Test
  void aMarkAtTheStartAndBlankLinesAreNoContent() throws IOException {
    List<CsvReader.Row> rows = read("\uFEFFa,b\r\n\r\nc,d\r\n");
    assertThat(rows.get(0).cells()).containsExactly("a", "b");
    assertThat(rows.get(1).isBlank()).isTrue();
    assertThat(rows.get(2)).isEqualTo(new CsvReader.Row(3, 1, List.of("c", "d"), null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a,\"b\"c", "a,\"b", "a,\"b\"\"\nmore"})
  void aRecordThatIsNoneSaysWhy(String record) throws IOException {
    List<CsvReader.Row> rows = read("x,y\n" + record);
    assertThat(rows.get(1).problem()).contains("quote");
    assertThat(rows.get(1).line()).isEqualTo(2);
  }

  @Test
  void theRecordsAfterABadOneAreRead() throws IOException {
    List<CsvReader.Row> rows = read("x,y\n\"1\"1,2\n3,4\n");
    assertThat(rows.get(2).cells()).containsExactly("3", "4");
  }

  @Test
  void bytesThatAreNotUtf8AreAProblemOfTheirRecord() throws IOException {
    List<CsvReader.Row> rows = read(new byte[] {'a', ',', 'b', '\n', (byte) 0xff, ',', 'c', '\n'});
    assertThat(rows.get(1).problem()).isEqualTo(RowReader.NOT_UTF8);
  }

  @Test
  void anOpenQuoteDoesNotFillTheMemory() throws IOException {
    List<CsvReader.Row> rows = read("x,y\n\"" + "z".repeat(3 << 20));
    assertThat(rows.get(1).problem()).contains("longer than");
  }
}
