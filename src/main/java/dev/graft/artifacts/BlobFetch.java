package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.function.Predicate;

/** Brings blobs that a store lacks from elsewhere, verified by their digests. */
public final class BlobFetch {
  /** Where they come from. */
  @FunctionalInterface
  public interface Source {
    InputStream open(Digest digest) throws IOException;
  }

  private final ArtifactStore store;
  private final Source source;

  public BlobFetch(ArtifactStore store, Source source) {
    this.store = store;
    this.source = source;
  }

  /**
   * @throws BlobMismatch if the source sends other content
   */
  public void blob(Digest digest) throws IOException {
    if (store.stat(digest).isPresent()) return;
    try (InputStream in = source.open(digest);
        StagedBlob staged = store.stage(in::transferTo, Long.MAX_VALUE)) {
      if (!staged.ref().sha256().equals(digest)) {
        throw new BlobMismatch("the server sent other content than " + digest);
      }
      staged.publish();
    }
  }

  /**
   * A manifest and files that it names.
   *
   * @param wanted which, by the path in the manifest
   */
  public void directory(Digest manifest, Predicate<String> wanted) throws IOException {
    blob(manifest);
    for (Map.Entry<String, BlobRef> file :
        ManifestDirectory.read(store, manifest).files().entrySet()) {
      if (wanted.test(file.getKey())) blob(file.getValue().sha256());
    }
  }
}
