package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;

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
    TarGz tar = TarGz.of(out);
    for (Map.Entry<String, BlobRef> file : manifest.files().entrySet()) {
      try (InputStream in = store.open(file.getValue().sha256())) {
        tar.add(file.getKey(), file.getValue().bytes(), in);
      }
    }
    tar.finish();
  }
}
