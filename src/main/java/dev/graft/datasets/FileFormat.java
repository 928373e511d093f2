package dev.graft.datasets;

import dev.graft.datasets.parquet.ParquetLines.ParquetBytes;
import dev.graft.datasets.parquet.ParquetLines;
import dev.graft.datasets.parquet.UnreadableParquet;
import dev.graft.text.RowConversion;
import dev.graft.text.RowFormat;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
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
   * Packed, Parquet or neither by the first bytes; Parquet, too, where the name ends with {@code
   * .parquet}; CSV where the name ends with {@code .csv} or {@code .tsv} (before the ending of a
   * packed file), or where columns are given; else JSONL.
   *
   * @param content is read for a few bytes and not closed
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
   * The rows of a file that {@linkplain #isRows is} its own. Throws {@link Undecodable} where it
   * begins as none does.
   *
   * @param content closed by whoever closes what is returned, or with a failure
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
   * Writes the rows of a file that {@linkplain #isRows is} not its own. Throws {@link Undecodable}.
   *
   * @param content if it {@linkplain #isReadFromItsEnd is read from its end}, a file
   * @param length its bytes
   * @param problems gets what is wrong with single records
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
          "is Parquet, whose columns have names already: rename them, in pandas with"
              + " rename(columns={...}), instead of giving columns");
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
}
