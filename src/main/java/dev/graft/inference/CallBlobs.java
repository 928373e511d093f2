package dev.graft.inference;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** The blobs that a call reaches: its model's. Knowing another's digest is worth nothing. */
@Component
final class CallBlobs {
  private final ArtifactStore store;

  CallBlobs(ArtifactStore store) {
    this.store = store;
  }

  /**
   * @param manifests of the call
   * @return empty if the digest is not one of theirs
   */
  Optional<InputStream> open(List<Digest> manifests, String hex) throws IOException {
    return reaches(manifests, hex) ? Optional.of(store.open(new Digest(hex))) : Optional.empty();
  }

  /** Where a worker may read the blob instead, if it is one of theirs. */
  Optional<URI> link(List<Digest> manifests, String hex) throws IOException {
    return reaches(manifests, hex) ? store.workerLink(new Digest(hex)) : Optional.empty();
  }

  private boolean reaches(List<Digest> manifests, String hex) throws IOException {
    for (Digest manifest : manifests) {
      if (manifest.hex().equals(hex) || names(manifest, hex)) return true;
    }
    return false;
  }

  private boolean names(Digest manifest, String hex) throws IOException {
    return ManifestDirectory.read(store, manifest).files().values().stream()
        .anyMatch(file -> file.sha256().hex().equals(hex));
  }
}
