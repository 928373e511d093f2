package dev.graft.datasets.parquet;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Files that lie. Each has one column {@code text} with the values a and b, if nothing else is
 * said.
 */
class HostileParquetTests {
  private static final int REQUIRED = 0;
  private static final int REPEATED = 2;
  private static final int BYTE_ARRAY = 6;
  private static final byte[] A_AND_B = {1, 0, 0, 0, 'a', 1, 0, 0, 0, 'b'};

  private final Map<Integer, Object> page =
      new HashMap<>(Map.of(1, 0, 2, A_AND_B.length, 3, A_AND_B.length, 5, header(2, 0)));
  private final Map<Integer, Object> chunk =
      new HashMap<>(Map.of(1, BYTE_ARRAY, 4, 0, 5, 2L, 9, 4L));
  private final Map<Integer, Object> footer = new HashMap<>(Map.of(1, 1));
  private final List<Object> schema =
      new ArrayList<>(List.of(Map.of(4, "root", 5, 1), column("text", REQUIRED)));
  private byte[] body = A_AND_B;
  private long rows = 2;
  private int groups = 1;
  private @Nullable Long saidRows;
  private @Nullable Long saidBytes;

  private static Map<Integer, Object> header(int values, int encoding) {
    return Map.of(1, values, 2, encoding, 3, 3, 4, 3);
  }

  private static Map<Integer, Object> column(String name, int repetition) {
    return Map.of(1, BYTE_ARRAY, 3, repetition, 4, name, 6, 0);
  }

  private byte[] file() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes("PAR1".getBytes(US_ASCII));
    out.writeBytes(ThriftWriter.struct(page));
    out.writeBytes(body);
    chunk.put(7, saidBytes == null ? out.size() - 4L : saidBytes);
    footer.put(2, schema);
    footer.put(3, saidRows == null ? rows : saidRows);
    footer.put(
        4,
        Collections.nCopies(groups, Map.of(1, List.of(Map.of(2, 4L, 3, chunk)), 2, 9L, 3, rows)));
    byte[] end = ThriftWriter.struct(footer);
    out.writeBytes(end);
    return closed(out, end.length);
  }

  private static byte[] closed(ByteArrayOutputStream out, int footerLength) {
    ByteBuffer tail = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(footerLength);
    out.writeBytes(tail.put("PAR1".getBytes(US_ASCII)).array());
    return out.toByteArray();
  }

  private void refused(String message) {
    byte[] file = file();
    assertThatThrownBy(() -> ParquetLinesTests.lines(file, false))
        .isInstanceOf(UnreadableParquet.class)
        .hasMessageContaining(message);
  }

  @Test
  void aFileThatDoesNotLieIsRead() throws IOException {
    assertThat(ParquetLinesTests.lines(file(), false))
        .isEqualTo("{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
  }

  @Test
  void theMagicAndTheLengthOfTheFooterAreHeldAgainstTheFile() {
    byte[] file = file();
    for (int length : new int[] {file.length, Integer.MAX_VALUE, -1}) {
      byte[] lying = file.clone();
      ByteBuffer.wrap(lying).order(ByteOrder.LITTLE_ENDIAN).putInt(file.length - 8, length);
      assertThatThrownBy(() -> ParquetLinesTests.lines(lying, false))
          .hasMessageContaining("its footer has a length of");
    }
    byte[] other = file.clone();
    other[0] = 'X';
    assertThatThrownBy(() -> ParquetLinesTests.lines(other, false))
        .hasMessageContaining("does not begin with PAR1");
    byte[] encrypted = file.clone();
    encrypted[file.length - 1] = 'E';
    assertThatThrownBy(() -> ParquetLinesTests.lines(encrypted, false))
        .hasMessageContaining("encrypted");
  }

  @Test
  void numbersOfRowsThatDoNotFitAreTold() {
    saidRows = 3L;
    refused("its footer declares 3 rows, its row groups 2");
    saidRows = null;
    rows = 3;
    refused("it has fewer values than rows (row group 1 of 1, column 'text')");
    rows = 1;
    refused("more values than there are rows (row group 1 of 1, column 'text')");
  }

  @Test
  void aPageCanNotOrderMemory() {
    page.put(2, Integer.MAX_VALUE);
    refused("grows to more than 100 times its size (row group 1 of 1, column 'text')");
    page.put(2, 15 << 20);
    refused("does not unpack to the declared %d bytes".formatted(15 << 20));
    page.put(3, Integer.MAX_VALUE);
    refused("a page ends behind its column");
    page.put(3, -1);
    refused("a structure has a field of another type");
  }

  @Test
  void aColumnLiesInTheFileAndNotOverAnother() {
    saidBytes = 1L << 40;
    refused("a column lies outside of the file");
    saidBytes = 10L;
    chunk.put(9, 1L << 60);
    refused("a column lies outside of the file");
    chunk.put(9, 4L);
    groups = 50;
    rows = 0;
    refused("its columns overlap");
  }

  @Test
  void aValueLongerThanItsPageIsRefused() {
    body = new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, 0x7f, 'a', 1, 0, 0, 0, 'b'};
    refused("a page is cut off (row group 1 of 1, column 'text')");
    page.put(5, header(2, 8));
    refused("a page has no dictionary");
    page.put(5, header(2, 4));
    refused("encoding 4");
  }

  @Test
  void aRowIsNoLongerThanALine() {
    // one list of a million nulls, in a few bytes: repetition 0 then 1s, definition 0
    schema.set(1, column("text", REPEATED));
    int many = 5_000_000;
    ByteArrayOutputStream levels = new ByteArrayOutputStream();
    levels.writeBytes(runs(new int[][] {{1, 0}, {many - 1, 1}}));
    levels.writeBytes(runs(new int[][] {{many, 1}}));
    for (int i = 0; i < 2; i++) levels.writeBytes(A_AND_B);
    body = levels.toByteArray();
    page.put(2, body.length);
    page.put(3, body.length);
    page.put(5, header(many, 0));
    rows = 1;
    refused("a page is cut off");
    schema.set(1, Map.of(1, BYTE_ARRAY, 3, 1, 4, "text", 6, 0));
    schema.set(0, Map.of(4, "root", 5, 1));
    schema.add(1, Map.of(3, REPEATED, 4, "list", 5, 1));
    levels.reset();
    levels.writeBytes(runs(new int[][] {{1, 0}, {many - 1, 1}}));
    levels.writeBytes(runs(new int[][] {{many, 1}}));
    body = levels.toByteArray();
    page.put(2, body.length);
    page.put(3, body.length);
    refused("has more than 1048576 bytes (row group 1 of 1, column 'list[].text')");
  }

  private static byte[] runs(int[][] runs) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int[] run : runs) {
      for (long left = (long) run[0] << 1; ; left >>>= 7) {
        out.write((int) (left & 0x7f | (left > 0x7f ? 0x80 : 0)));
        if (left <= 0x7f) break;
      }
      out.write(run[1]);
    }
    byte[] bytes = out.toByteArray();
    return ByteBuffer.allocate(4 + bytes.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(bytes.length)
        .put(bytes)
        .array();
  }

  @Test
  void aTextIsUtf8() {
    body = new byte[] {1, 0, 0, 0, (byte) 0xff, 1, 0, 0, 0, 'b'};
    refused("has a text that is not UTF-8 (row group 1 of 1, column 'text')");
  }

  @Test
  void aSchemaHasSomeColumnsOfSomeDepth() {
    List<Object> wide = new ArrayList<>(List.of(Map.of(4, "root", 5, 10_000)));
    for (int i = 0; i < 10_000; i++) wide.add(column("c" + i, REQUIRED));
    schema.clear();
    schema.addAll(wide);
    refused("has 10001 columns, the maximum is 1000");
    schema.clear();
    schema.add(Map.of(4, "root", 5, 1));
    for (int i = 0; i < 900; i++) schema.add(Map.of(3, REQUIRED, 4, "g", 5, 1));
    schema.add(column("text", REQUIRED));
    refused("nested too deeply");
    schema.removeLast();
    refused("nested too deeply");
    schema.subList(3, schema.size()).clear();
    refused("its schema is cut off");
    schema.clear();
    schema.add(Map.of(4, "root", 5, 1));
    schema.add(column("x".repeat(5000), REQUIRED));
    refused("a name of 5000 characters");
  }

  @Test
  void aFooterThatIsNoneIsRefused() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes("PAR1".getBytes(US_ASCII));
    byte[] deep = new byte[60_000];
    Arrays.fill(deep, (byte) 0x1c);
    out.writeBytes(deep);
    byte[] file = closed(out, deep.length);
    assertThatThrownBy(() -> ParquetLinesTests.lines(file, false))
        .hasMessageContaining("nested too deeply");
    out.reset();
    out.writeBytes("PAR1".getBytes(US_ASCII));
    out.writeBytes(new byte[] {0x18, -1, -1, -1, -1, 7});
    out.writeBytes("a name".getBytes(UTF_8));
    byte[] text = closed(out, 12);
    assertThatThrownBy(() -> ParquetLinesTests.lines(text, false))
        .hasMessageContaining("its footer is cut off");
  }
}
