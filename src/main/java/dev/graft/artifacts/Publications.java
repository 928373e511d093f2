package dev.graft.artifacts;

import java.io.IOException;
import java.util.Collection;
import java.util.Map;

/**
 * When blobs were last published, for a store that several servers share and that does not record
 * it itself. It decides whether an unneeded blob may be removed.
 *
 * <p>A publisher first notes the publication, then looks whether the blob exists. So a removal
 * either sees the publication, or has ended before the publisher looks.
 */
public interface Publications {
  /** Notes that a blob is about to be published. Waits while it is being removed. */
  void note(Digest digest);

  /**
   * Returns a number for the latest publication of each blob, which changes with each publication.
   * Blobs that were never noted are absent.
   */
  Map<Digest, Long> latest(Collection<Digest> digests);

  /**
   * Removes a blob unless it was published since it was seen; publishers of it wait meanwhile.
   *
   * @return false if it was published since, or the removal found nothing
   */
  boolean remove(ArtifactStore.StoredBlob seen, Removal removal) throws IOException;

  /** Removes a blob; returns whether there was one. */
  @FunctionalInterface
  interface Removal {
    boolean run() throws IOException;
  }

  /** For a store that only one process fills and that is not swept meanwhile. */
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
