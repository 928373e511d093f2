package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** A directory as {@link ManifestArchive} writes one, without its files being blobs first. */
public final class DirectoryArchive {
  private DirectoryArchive() {}

  /**
   * Writes tar.gz; does not close {@code out}. Uses the fastest compression, because weights hardly
   * get smaller.
   *
   * @throws IOException also if the directory holds a link or another special file
   */
  public static void write(Path directory, OutputStream out) throws IOException {
    TreeMap<String, Path> files = new TreeMap<>();
    for (Path each : all(directory)) {
      if (Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)) continue;
      String name = directory.relativize(each).toString();
      if (!Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(name + " is not a regular file");
      }
      files.put(name, each);
    }
    TarGz tar = TarGz.fast(out);
    for (var file : files.entrySet()) {
      try (InputStream in = Files.newInputStream(file.getValue(), LinkOption.NOFOLLOW_LINKS)) {
        tar.add(file.getKey(), Files.size(file.getValue()), in);
      }
    }
    tar.finish();
  }

  private static List<Path> all(Path directory) throws IOException {
    try (Stream<Path> walk = Files.walk(directory)) {
      return walk.toList();
    }
  }

  /**
   * The files of a manifest as a tar.gz that depends on nothing but their paths and content:
   * sorted, time 0, mode 0644, no owner. The gzip bytes may differ between Java versions, so make
   * the archive once and keep it as a blob.
   */
  public static final class ManifestArchive {
    private ManifestArchive() {}

    /** Makes the archive and stores it; returns the blob to serve. */
    public static BlobRef store(ArtifactStore store, Manifest manifest) throws IOException {
      try (ArtifactStore.StagedBlob staged =
          store.stage(out -> write(store, manifest, out), Long.MAX_VALUE)) {
        return staged.publish();
      }
    }

    /** Writes the archive; does not close {@code out}. */
    static void write(ArtifactStore store, Manifest manifest, OutputStream out) throws IOException {
      TarGz tar = TarGz.of(out);
      for (Map.Entry<String, BlobRef> file : manifest.files().entrySet()) {
        try (InputStream in = store.open(file.getValue().sha256())) {
          tar.add(file.getKey(), file.getValue().bytes(), in);
        }
      }
      tar.finish();
    }
  }

  /** Writes a tar.gz of files with time 0, mode 0644 and no owner. */
  static final class TarGz {
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

    /** For content that hardly gets smaller. */
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

    /** Ends the archive and leaves its target open. */
    void finish() throws IOException {
      tar.finish();
      gzip.finish();
    }
  }
}
