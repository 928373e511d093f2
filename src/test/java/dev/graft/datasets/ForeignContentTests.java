package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.graft.text.RowReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ForeignContentTests {
  private static final String ROW = "{\"text\":\"a\"}\n";

  private static void refused(byte[] file, String name, String reason) throws IOException {
    for (byte[] content : List.of(file, Zstd.compress(file))) {
      DecodingOptions options = DecodingOptions.NONE;
      FileFormat format = FileFormat.of(new ByteArrayInputStream(content), name, options);
      assertThatThrownBy(
              () -> {
                ByteArrayInputStream in = new ByteArrayInputStream(content);
                if (format.isRows()) format.open(in);
                else format.writeRows(in, new ByteArrayOutputStream(), new ArrayList<>());
              })
          .isInstanceOfSatisfying(
              FileFormat.Undecodable.class,
              refused -> assertThat(refused.reason()).contains(reason));
    }
  }

  private static byte[] zip(String entry) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.putNextEntry(new ZipEntry(entry));
      zip.write(ROW.getBytes(UTF_8));
    }
    return out.toByteArray();
  }

  @Test
  void whatIsNoTextOfRowsIsSaidToBeWhatItIs() throws IOException {
    refused("%PDF-1.7\n".getBytes(UTF_8), "t.jsonl", "PDF");
    refused(zip("train.jsonl"), "t.jsonl", "ZIP archive");
    refused(zip("[Content_Types].xml"), "t.csv", "CSV UTF-8");
    refused("PAR1\0\0".getBytes(ISO_8859_1), "t.jsonl", "Parquet");
    refused("ARROW1\0\0".getBytes(ISO_8859_1), "t.jsonl", "Arrow");
    refused("BZh91AY".getBytes(ISO_8859_1), "t.jsonl", "bzip2");
    refused("\u00fd7zXZ\0".getBytes(ISO_8859_1), "t.jsonl", "xz");
    byte[] tar = new byte[1024];
    System.arraycopy("train.jsonl".getBytes(UTF_8), 0, tar, 0, 11);
    System.arraycopy("ustar".getBytes(UTF_8), 0, tar, 257, 5);
    refused(tar, "t.jsonl", "tar archive");
  }

  @Test
  void textInTwoOrFourBytesIsSaidToBeThat() throws IOException {
    for (Charset charset : List.of(UTF_16, UTF_16BE, UTF_16LE)) {
      refused(ROW.getBytes(charset), "t.jsonl", "UTF-16");
      refused("text\na\n".getBytes(charset), "t.csv", "UTF-16");
    }
    refused(("\uFEFF" + ROW).getBytes(UTF_16LE), "t.jsonl", "UTF-16");
    refused(("\uFEFF" + ROW).getBytes(Charset.forName("UTF-32LE")), "t.jsonl", "UTF-32");
  }

  @Test
  void jsonThatIsNotAnObjectALineIsSaidToBeThat() throws IOException {
    refused(("[" + ROW.strip() + "]").getBytes(UTF_8), "t.json", "one JSON array");
    refused(("\uFEFF \n[\n" + ROW + "]").getBytes(UTF_8), "t.jsonl", "one JSON array");
    refused("[".repeat(100_000).getBytes(UTF_8), "t.jsonl", "one JSON array");
    refused("{\r\n  \"text\": \"a\"\r\n}\n".getBytes(UTF_8), "t.jsonl", "over several lines");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "\uFEFF", "{", "{\n", "\n\n", "BZ", "\0\0\0\0", "{ \"text\": \"a\"}\n"})
  void everythingElseIsReadAsItIs(String content) throws IOException {
    byte[] file = content.getBytes(UTF_8);
    FileFormat format =
        FileFormat.of(new ByteArrayInputStream(file), "t.jsonl", DecodingOptions.NONE);
    try (var in = format.open(new ByteArrayInputStream(file))) {
      assertThat(in.readAllBytes()).isEqualTo(file);
    }
  }

  @Test
  void aByteOrderMarkOfUtf8IsFineInJsonlAndInCsv() throws IOException {
    for (String name : List.of("t.jsonl", "t.csv")) {
      String content = name.endsWith("csv") ? "text\r\na\r\n" : ROW;
      byte[] file = ("\uFEFF" + content).getBytes(UTF_8);
      FileFormat format =
          FileFormat.of(new ByteArrayInputStream(file), name, new DecodingOptions(null, true));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      format.writeRows(new ByteArrayInputStream(file), out, new ArrayList<>());
      assertThat(out.toString(UTF_8).strip()).isEqualTo(ROW.strip());
    }
  }

  @Test
  void aCsvFileInLatin1IsToldOnce() throws IOException {
    byte[] file = ("text\nfine\n" + "Müller\n".repeat(50)).getBytes(ISO_8859_1);
    List<RowReader.Problem> problems = new ArrayList<>();
    FileFormat.of(new ByteArrayInputStream(file), "t.csv", DecodingOptions.NONE)
        .writeRows(new ByteArrayInputStream(file), new ByteArrayOutputStream(), problems);
    assertThat(problems).containsExactly(new RowReader.Problem(3, RowReader.NOT_UTF8));
    byte[] header = "prénom\na\n".getBytes(ISO_8859_1);
    refused(header, "t.csv", "header that is not UTF-8");
  }

  @Test
  void columnsThatNoRowHasAreLeftOutWhereThatIsAskedFor() throws IOException {
    byte[] file = "id,text,source\n1,a,b\n".getBytes(UTF_8);
    refused(file, "t.csv", "ignore_unknown_keys");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    FileFormat.of(new ByteArrayInputStream(file), "t.csv", new DecodingOptions(null, true))
        .writeRows(new ByteArrayInputStream(file), out, new ArrayList<>());
    assertThat(out.toString(UTF_8)).isEqualTo("\n" + ROW);
  }

  @Test
  void whatIsCutOffWhereItIsKnownByIsNotRead() throws IOException {
    byte[] pdf = "%PDF-1.7".getBytes(UTF_8);
    byte[] four = Arrays.copyOf(pdf, 4);
    FileFormat format =
        FileFormat.of(new ByteArrayInputStream(four), "t.jsonl", DecodingOptions.NONE);
    try (var in = format.open(new ByteArrayInputStream(four))) {
      assertThat(in.readAllBytes()).isEqualTo(four);
    }
  }
}
