package dev.graft.datasets;

import dev.graft.datasets.parquet.ParquetLines;
import dev.graft.datasets.parquet.ParquetLines.ParquetBytes;
import dev.graft.datasets.parquet.UnreadableParquet;
import dev.graft.text.RowConversion;
import dev.graft.text.RowConversion.RowFormat;
import dev.graft.text.RowReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.springframework.core.io.InputStreamSource;

/** What an uploaded file came as, and how its rows are got out. */
final class FileFormat {
  private final Compression compression;
  private final boolean parquet;
  private final boolean csv;
  private final DecodingOptions options;

  private FileFormat(
      Compression compression, boolean parquet, boolean csv, DecodingOptions options) {
    this.compression = compression;
    this.parquet = parquet;
    this.csv = csv;
    this.options = options;
  }

  /**
   * Recognises compression and Parquet by the first bytes; also Parquet if the name ends with
   * {@code .parquet}; CSV if the name ends with {@code .csv} or {@code .tsv} (before the ending of
   * a packed file), or if columns are given; otherwise JSONL.
   *
   * @param content a few bytes are read; it is not closed
   */
  public static FileFormat of(InputStream content, String filename, DecodingOptions options)
      throws IOException {
    byte[] head = content.readNBytes(Compression.SIGNATURE);
    Compression compression = Compression.of(head);
    boolean parquet =
        ForeignContent.PARQUET.begins(head)
            || compression == Compression.NONE
                && filename.toLowerCase(Locale.ROOT).endsWith(".parquet");
    return new FileFormat(compression, parquet, isCsv(filename, options), options);
  }

  public static boolean isCsv(String filename, DecodingOptions options) {
    String name = filename.toLowerCase(Locale.ROOT).replaceFirst("\\.(gz|zst|zstd)$", "");
    return options.columns() != null || name.endsWith(".csv") || name.endsWith(".tsv");
  }

  /** The file is its rows. */
  public boolean isRows() {
    return compression == Compression.NONE
        && !parquet
        && !csv
        && !options.ignoreUnknownKeys()
        && options.conversion() == null;
  }

  /**
   * Opens a file that {@linkplain #isRows consists of} rows. Throws {@link Undecodable} if its
   * beginning is not that of rows.
   *
   * @param content closed with the returned stream, or on a failure
   */
  public InputStream open(InputStream content) throws IOException {
    try {
      return ForeignContent.refuse(content, csv);
    } catch (IOException e) {
      content.close();
      throw e;
    }
  }

  public boolean isPacked() {
    return parquet || compression != Compression.NONE;
  }

  /** Whether its rows can only be got of a file that lies on this machine. */
  public boolean isReadFromItsEnd() {
    return parquet;
  }

  /**
   * Writes the rows of a file that does not {@linkplain #isRows consist of} rows. Throws {@link
   * Undecodable}.
   *
   * @param content a local file if it {@linkplain #isReadFromItsEnd is read from its end}
   * @param length of the content, in bytes
   * @param problems collects what is wrong with single records
   */
  public void writeRows(
      InputStreamSource content, long length, OutputStream rows, List<RowReader.Problem> problems)
      throws IOException {
    if (!parquet) {
      writeRows(content.getInputStream(), rows, problems);
      return;
    }
    if (options.columns() != null) {
      throw new Undecodable(
          "is Parquet, whose columns have names: rename them (in pandas with rename(columns={...}))"
              + " instead of mapping columns");
    }
    ParquetBytes file = new ParquetBytes(content, length);
    try (InputStream lines = ParquetLines.of(file, options.ignoreUnknownKeys());
        InputStream guarded = new Compression.InflationGuard(lines, () -> length)) {
      writeUnpacked(guarded, rows, problems);
    } catch (UnreadableParquet bad) {
      throw new Undecodable(bad.reason());
    }
  }

  /** Closes the content. */
  void writeRows(InputStream content, OutputStream rows, List<RowReader.Problem> problems)
      throws IOException {
    try (InputStream packed = content;
        InputStream unpacked = compression.unpack(packed)) {
      writeUnpacked(ForeignContent.refuse(unpacked, csv), rows, problems);
    } catch (IOException e) {
      throw compression.explain(e);
    }
  }

  private void writeUnpacked(
      InputStream content, OutputStream rows, List<RowReader.Problem> problems) throws IOException {
    RowFormat from = options.conversion();
    boolean ignored = options.ignoreUnknownKeys();
    if (csv && !parquet) {
      CsvRows.write(content, options, rows, problems);
    } else if (from != null) {
      RowConversion.toChat(from, ignored).write(content, rows, problems);
    } else if (ignored) {
      RowConversion.withoutUnknownKeys().write(content, rows, problems);
    } else {
      content.transferTo(rows);
    }
  }

  /** A file that cannot be read as rows at all; the message is for who uploaded it. */
  static final class Undecodable extends IOException {
    private static final long serialVersionUID = 1L;

    private final String reason;

    Undecodable(String reason) {
      super(reason);
      this.reason = reason;
    }

    /** Without its subject, which is the file. */
    public String reason() {
      return reason;
    }
  }

  /** Content that holds no rows however it is read, known by how it begins. */
  private enum ForeignContent {
    PDF("255044462d", "is a PDF document: extract its text and write it as rows of JSONL or CSV"),
    ZIP("504b0304", "is a ZIP archive: upload the file in it, plain or packed with gzip"),
    EMPTY_ZIP("504b0506", "is an empty ZIP archive"),
    OLD_OFFICE("d0cf11e0a1b11ae1", "is an Office document: save its sheet as CSV UTF-8"),
    PARQUET("50415231", "is a compressed Parquet file: upload it uncompressed"),
    ARROW("4152524f5731", "is an Arrow file: write it as JSONL, in datasets with to_json(FILE)"),
    XZ("fd377a585a00", "is packed with xz: use gzip or Zstandard, or do not pack it"),
    BZIP2("425a68", "is packed with bzip2: use gzip or Zstandard, or do not pack it"),
    SEVEN_ZIP("377abcaf271c", "is a 7z archive: upload the file in it"),
    UTF_32("fffe0000", "is UTF-32 text: save it as UTF-8"),
    UTF_32_BIG_ENDIAN("0000feff", "is UTF-32 text: save it as UTF-8"),
    UTF_16("fffe", "is UTF-16 text: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    UTF_16_BIG_ENDIAN("feff", "is UTF-16 text: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)");

    /** As many first bytes as it takes to tell. */
    private static final int HEAD = 512;

    private static final int TAR_MARK = 257;
    private static final String UTF_8_MARK = "efbbbf";

    private final byte[] beginning;
    private final String reason;

    ForeignContent(String beginning, String reason) {
      this.beginning = HexFormat.of().parseHex(beginning);
      this.reason = reason;
    }

    /**
     * Returns the same content; throws {@link Undecodable} if it is not text with rows.
     *
     * @param csv whether it is CSV, where a bracket or a brace does not begin JSON
     */
    static InputStream refuse(InputStream content, boolean csv) throws IOException {
      BufferedInputStream in = new BufferedInputStream(content, 1 << 16);
      in.mark(HEAD);
      byte[] head = in.readNBytes(HEAD);
      in.reset();
      for (ForeignContent each : values()) {
        if (each.begins(head)) throw new Undecodable(each.in(head));
      }
      if (startsWith(head, new byte[] {'u', 's', 't', 'a', 'r'}, TAR_MARK)) {
        throw new Undecodable("is a tar archive: upload the file in it");
      }
      if (zeroesAlternate(head)) throw new Undecodable(UTF_16.reason);
      if (!csv) refuseJson(head);
      return in;
    }

    boolean begins(byte[] head) {
      return startsWith(head, beginning, 0);
    }

    /** What it says of this content. */
    private String in(byte[] head) {
      boolean office =
          this == ZIP
              && new String(head, StandardCharsets.ISO_8859_1)
                  .matches(
                      "(?s).{30}(\\[Content_Types]|_rels/|docProps/|xl/|word/|ppt/|mimetype).*");
      return office ? OLD_OFFICE.reason : reason;
    }

    /** Text of ASCII in UTF-16 without a byte order mark. */
    private static boolean zeroesAlternate(byte[] head) {
      if (head.length < 4) return false;
      boolean second = head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0;
      boolean first = head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0;
      return first || second;
    }

    /** JSON that is not one object a line. */
    private static void refuseJson(byte[] head) throws Undecodable {
      int at = startsWith(head, HexFormat.of().parseHex(UTF_8_MARK), 0) ? 3 : 0;
      while (at < head.length && isSpace(head[at])) at++;
      if (at == head.length) return;
      if (head[at] == '[') {
        throw new Undecodable(
            "is one JSON array: write each of its objects on a line of its own (jq -c '.[]' FILE)");
      }
      if (head[at] != '{') return;
      boolean broken = false;
      for (at++; at < head.length && isSpace(head[at]); at++) broken |= head[at] == '\n';
      if (broken && at < head.length && head[at] == '"') {
        throw new Undecodable(
            "has JSON objects over several lines: write each on one line (jq -c . FILE)");
      }
    }

    private static boolean isSpace(byte b) {
      return b == ' ' || b == '\t' || b == '\r' || b == '\n';
    }

    private static boolean startsWith(byte[] head, byte[] mark, int at) {
      if (head.length < at + mark.length) return false;
      for (int i = 0; i < mark.length; i++) {
        if (head[at + i] != mark[i]) return false;
      }
      return true;
    }
  }
}
