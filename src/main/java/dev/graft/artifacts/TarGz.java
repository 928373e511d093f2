package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** A tar.gz in the making, of files with time 0, mode 0644 and no owner. */
final class TarGz {
  private final GZIPOutputStream gzip;
  private final TarArchiveOutputStream tar;

  private TarGz(GZIPOutputStream gzip) {
    this.gzip = gzip;
    tar = new TarArchiveOutputStream(gzip, StandardCharsets.UTF_8.name());
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    tar.setAddPaxHeadersForNonAsciiNames(true);
  }

  static TarGz of(OutputStream out) throws IOException {
    return new TarGz(new GZIPOutputStream(out, 1 << 16));
  }

  /** Of what hardly gets smaller. */
  static TarGz fast(OutputStream out) throws IOException {
    return new TarGz(new Fast(out));
  }

  private static final class Fast extends GZIPOutputStream {
    Fast(OutputStream out) throws IOException {
      super(out, 1 << 16);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }

  void add(String path, long bytes, InputStream content) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(path, TarConstants.LF_NORMAL);
    entry.setSize(bytes);
    entry.setModTime(0L);
    entry.setMode(0100644);
    entry.setIds(0, 0);
    entry.setNames("", "");
    tar.putArchiveEntry(entry);
    content.transferTo(tar);
    tar.closeArchiveEntry();
  }

  /** Ends the archive and leaves what it was written to open. */
  void finish() throws IOException {
    tar.finish();
    gzip.finish();
  }
}
