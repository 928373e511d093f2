package dev.graft.artifacts;

import java.io.IOException;
import java.util.Collection;
import java.util.Map;

/**
 * When blobs were published last, for a store that cannot say it itself and that several servers
 * share: what decides whether a blob that nobody needs may go.
 *
 * <p>Whoever publishes says so first, then looks whether the blob is there. So whoever removes it
 * either sees the publication, or is done before the publisher looks.
 */
public interface Publications {
  /** Notes that a blob is about to be published. Waits while it is being removed. */
  void note(Digest digest);

  /** The latest of each, another after each publication; none of those never noted. */
  Map<Digest, Long> latest(Collection<Digest> digests);

  /**
   * Removes a blob unless it was published since it was seen; publishers of it wait meanwhile.
   *
   * @return false if it was, or the removal found nothing
   */
  boolean remove(ArtifactStore.StoredBlob seen, Removal removal) throws IOException;

  /** Says whether there was anything to remove. */
  @FunctionalInterface
  interface Removal {
    boolean run() throws IOException;
  }

  /** For a store that one process fills and nobody sweeps meanwhile. */
  Publications NONE =
      new Publications() {
        @Override
        public void note(Digest digest) {}

        @Override
        public Map<Digest, Long> latest(Collection<Digest> digests) {
          return Map.of();
        }

        @Override
        public boolean remove(ArtifactStore.StoredBlob seen, Removal removal) throws IOException {
          return removal.run();
        }
      };
}
