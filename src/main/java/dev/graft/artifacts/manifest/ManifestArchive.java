package dev.graft.artifacts.manifest;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.StagedBlob;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * The files of a manifest as a tar.gz that depends on nothing but their paths and content: sorted,
 * time 0, mode 0644, no owner. The gzip bytes may differ between Java versions, so make the archive
 * once and keep it as a blob.
 */
public final class ManifestArchive {
  private ManifestArchive() {}

  /** Makes the archive and stores it; returns the blob to serve. */
  public static BlobRef store(ArtifactStore store, Manifest manifest) throws IOException {
    try (StagedBlob staged = store.stage(out -> write(store, manifest, out), Long.MAX_VALUE)) {
      return staged.publish();
    }
  }

  /** Writes the archive; does not close {@code out}. */
  static void write(ArtifactStore store, Manifest manifest, OutputStream out) throws IOException {
    GZIPOutputStream gzip = new GZIPOutputStream(out, 1 << 16);
    TarArchiveOutputStream tar = new TarArchiveOutputStream(gzip, StandardCharsets.UTF_8.name());
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    tar.setAddPaxHeadersForNonAsciiNames(true);
    for (Map.Entry<String, BlobRef> file : manifest.files().entrySet()) {
      tar.putArchiveEntry(entry(file.getKey(), file.getValue().bytes()));
      try (InputStream in = store.open(file.getValue().sha256())) {
        in.transferTo(tar);
      }
      tar.closeArchiveEntry();
    }
    tar.finish();
    gzip.finish();
  }

  private static TarArchiveEntry entry(String path, long bytes) {
    TarArchiveEntry entry = new TarArchiveEntry(path, TarConstants.LF_NORMAL);
    entry.setSize(bytes);
    entry.setModTime(0L);
    entry.setMode(0100644);
    entry.setIds(0, 0);
    entry.setNames("", "");
    return entry;
  }
}
