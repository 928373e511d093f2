package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Content-addressed blobs. Put is idempotent and atomic: a blob is absent or whole, never partial.
 * Heap use does not depend on the size of a blob.
 */
public sealed interface ArtifactStore permits FileArtifactStore, S3ArtifactStore {
  /** The name under which a store keeps the id of the database that it belongs to. */
  String OWNER = "database";

  /**
   * Writes {@code content} aside, to be checked and then published or dropped. Throws {@link
   * BlobTooLarge} past {@code maxBytes} and {@link StorageFull}.
   */
  StagedBlob stage(BlobContent content, long maxBytes) throws IOException;

  /**
   * Streams {@code in} to its end and stores it; refuses with {@link BlobTooLarge} past {@code
   * maxBytes}.
   */
  default BlobRef put(InputStream in, long maxBytes) throws IOException {
    try (StagedBlob staged = stage(in::transferTo, maxBytes)) {
      return staged.publish();
    }
  }

  /**
   * Stores {@code in} only if its content matches {@code expected}, else throws {@link
   * BlobMismatch} and stores nothing.
   */
  void put(BlobRef expected, InputStream in) throws IOException;

  Optional<BlobRef> stat(Digest digest) throws IOException;

  /** Opens the blob at {@code offset}, at most {@code length} bytes; throws {@link BlobMissing}. */
  InputStream open(Digest digest, long offset, long length) throws IOException;

  default InputStream open(Digest digest) throws IOException {
    return open(digest, 0, Long.MAX_VALUE);
  }

  /** Returns the blob as a read-only local file, if the store has local files. */
  Optional<Path> local(Digest digest) throws IOException;

  /**
   * Lists all blobs, in no order; close the stream. A blob that is stored or removed meanwhile may
   * be missing.
   */
  Stream<StoredBlob> blobs() throws IOException;

  /**
   * Deletes the blob even while another process stores the same content; returns false if it is
   * gone, or has been published since it was seen. Open streams continue to read it.
   */
  boolean delete(StoredBlob seen) throws IOException;

  /**
   * Stores content that is not a blob, such as a part of an upload, durably under {@code name}
   * until it is dropped. Throws {@link BlobTooLarge} past {@code maxBytes} and {@link StorageFull}.
   *
   * @param name unique for ever, of {@code [a-z0-9_-]}
   * @return its length in bytes
   */
  long keep(String name, BlobContent content, long maxBytes) throws IOException;

  /** Opens the content kept under this name; throws {@link BlobMissing}. */
  InputStream openKept(String name) throws IOException;

  /** Removes the content kept under this name, if there is any. */
  void drop(String name) throws IOException;

  /** Lists the names under which content is kept, in no order; close the stream. */
  Stream<String> kept() throws IOException;

  /** Removes what killed processes left unfinished, in stores where only its age shows that. */
  default void removeUnfinished(Instant now) throws IOException {}

  /**
   * Returns a URL from which a client can download the bytes; empty if the store has none, or its
   * settings do not allow redirects.
   *
   * @param disposition Content-Disposition of the response
   * @param type Content-Type of the response
   */
  default Optional<URI> downloadLink(Digest digest, String disposition, String type) {
    return Optional.empty();
  }

  /**
   * Returns a link by which a worker can upload a blob without a server; empty if the store has
   * none, or the blob is too large for one request. The content becomes a blob by {@link #takeIn}.
   *
   * @param name unique to this upload, of {@code [a-z0-9_-]}
   */
  default Optional<UploadLink> uploadLink(BlobRef blob, String name) {
    return Optional.empty();
  }

  /** Returns whether {@link #uploadLink} returns links for blobs that are not too large. */
  default boolean givesUploadLinks() {
    return false;
  }

  /**
   * Makes an upload by {@link #uploadLink} a blob, if its content is that blob, and removes it from
   * where it arrived.
   *
   * @throws BlobMismatch if it has other content
   * @throws BlobMissing if nothing was uploaded
   */
  default void takeIn(BlobRef blob, String name) throws IOException {
    throw new BlobMissing("nothing was uploaded as " + name);
  }

  /** As {@link #downloadLink}, for workers. */
  default Optional<URI> workerLink(Digest digest) {
    return Optional.empty();
  }

  /**
   * A signed request by which the bytes of exactly one blob can be uploaded.
   *
   * @param headers that the request must have, in addition to its length
   */
  record UploadLink(URI url, Map<String, String> headers) {
    public UploadLink {
      headers = Map.copyOf(headers);
    }
  }

  /** Writes the bytes of a future blob; {@code in::transferTo} is an example. */
  @FunctionalInterface
  public interface BlobContent {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Content that is written but not yet in the store. Closing drops it unless it was published. */
  public interface StagedBlob extends AutoCloseable {
    /** Returns the digest under which {@link #publish} stores the content, and its size. */
    BlobRef ref();

    /** Opens the content at its start. */
    InputStream open() throws IOException;

    /** Makes the content a durable blob; a blob that exists already counts as published again. */
    BlobRef publish() throws IOException;

    @Override
    void close() throws IOException;
  }

  /**
   * A blob as it was seen in the store.
   *
   * @param published changes with each publication; not comparable with a clock. The file's
   *     modification time in nanoseconds since 1970, or in a bucket a number of {@link
   *     Publications}
   */
  public record StoredBlob(BlobRef ref, long published) {
    static StoredBlob of(Digest digest, Path file) throws IOException {
      return new StoredBlob(
          new BlobRef(digest, Files.size(file)),
          Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS));
    }
  }
}
