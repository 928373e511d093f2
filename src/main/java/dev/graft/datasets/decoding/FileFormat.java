package dev.graft.datasets.decoding;

import dev.graft.text.row.RowConversion;
import dev.graft.text.row.RowFormat;
import dev.graft.text.row.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;

/** What an uploaded file came as, and how its rows are got out. */
public final class FileFormat {
  private final Compression compression;
  private final boolean csv;
  private final DecodingOptions options;

  private FileFormat(Compression compression, boolean csv, DecodingOptions options) {
    this.compression = compression;
    this.csv = csv;
    this.options = options;
  }

  /**
   * Packed or not by the first bytes; CSV where the name ends with {@code .csv} or {@code .tsv}
   * (before the ending of a packed file), or where columns are given; else JSONL.
   *
   * @param content is read for a few bytes and not closed
   */
  public static FileFormat of(InputStream content, String filename, DecodingOptions options)
      throws IOException {
    Compression compression = Compression.of(content.readNBytes(Compression.SIGNATURE));
    return new FileFormat(compression, isCsv(filename, options), options);
  }

  public static boolean isCsv(String filename, DecodingOptions options) {
    String name = filename.toLowerCase(Locale.ROOT).replaceFirst("\\.(gz|zst|zstd)$", "");
    return options.columns() != null || name.endsWith(".csv") || name.endsWith(".tsv");
  }

  /** The file is its rows. */
  public boolean isRows() {
    return compression == Compression.NONE
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
    return compression != Compression.NONE;
  }

  /**
   * Writes the rows of a file that {@linkplain #isRows is} not its own. Throws {@link Undecodable}.
   *
   * @param content is closed
   * @param problems gets what is wrong with single records
   */
  public void writeRows(InputStream content, OutputStream rows, List<RowReader.Problem> problems)
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
    if (csv) {
      CsvRows.write(content, options, rows, problems);
    } else if (from != null) {
      RowConversion.toChat(from, ignored).write(content, rows, problems);
    } else if (ignored) {
      RowConversion.withoutUnknownKeys().write(content, rows, problems);
    } else {
      content.transferTo(rows);
    }
  }
}
