package dev.graft.datasets.decoding;

import dev.graft.text.row.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What an uploaded file came as, and how its rows are got out. */
public final class FileFormat {
  private final Compression compression;
  private final boolean csv;
  private final @Nullable CsvColumns columns;

  private FileFormat(Compression compression, boolean csv, @Nullable CsvColumns columns) {
    this.compression = compression;
    this.csv = csv;
    this.columns = columns;
  }

  /**
   * Packed or not by the first bytes; CSV where the name ends with {@code .csv} or {@code .tsv}
   * (before the ending of a packed file), or where columns are given; else JSONL.
   *
   * @param content is read for a few bytes and not closed
   */
  public static FileFormat of(InputStream content, String filename, @Nullable CsvColumns columns)
      throws IOException {
    Compression compression = Compression.of(content.readNBytes(Compression.SIGNATURE));
    String name = filename.toLowerCase(Locale.ROOT).replaceFirst("\\.(gz|zst|zstd)$", "");
    boolean csv = columns != null || name.endsWith(".csv") || name.endsWith(".tsv");
    return new FileFormat(compression, csv, columns);
  }

  /** The file is its rows. */
  public boolean isRows() {
    return compression == Compression.NONE && !csv;
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
      if (csv) CsvRows.write(unpacked, columns, rows, problems);
      else unpacked.transferTo(rows);
    } catch (IOException e) {
      throw compression.explain(e);
    }
  }
}
