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
  /** The name under which a store keeps whose it is: the id of a database. */
  String OWNER = "database";

  /**
   * Writes {@code content} aside, to be looked at and then published or dropped. Throws {@link
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
   * Stores {@code in} only if its content is what {@code expected} says, else throws {@link
   * BlobMismatch} and stores nothing.
   */
  void put(BlobRef expected, InputStream in) throws IOException;

  Optional<BlobRef> stat(Digest digest) throws IOException;

  /** The blob from {@code offset}, at most {@code length} bytes; throws {@link BlobMissing}. */
  InputStream open(Digest digest, long offset, long length) throws IOException;

  default InputStream open(Digest digest) throws IOException {
    return open(digest, 0, Long.MAX_VALUE);
  }

  /** Where the blob lies as a read-only local file, if the store has local files. */
  Optional<Path> local(Digest digest) throws IOException;

  /** All blobs, in no order, to be closed; one that comes or goes meanwhile may be missing. */
  Stream<StoredBlob> blobs() throws IOException;

  /**
   * Deletes the blob, whoever may be about to store the same content; false if it is gone, or has
   * been published since it was seen. Whoever has it open reads on.
   */
  boolean delete(StoredBlob seen) throws IOException;

  /**
   * Stores content that is not a blob of its own, such as a part of one that is still arriving,
   * durable under {@code name} until it is dropped. Throws {@link BlobTooLarge} past {@code
   * maxBytes} and {@link StorageFull}.
   *
   * @param name given to nothing else ever, of {@code [a-z0-9_-]}
   * @return its length in bytes; nobody asks for its digest
   */
  long keep(String name, BlobContent content, long maxBytes) throws IOException;

  /** What was kept under this name; throws {@link BlobMissing}. */
  InputStream openKept(String name) throws IOException;

  /** Forgets what was kept under this name, if anything was. */
  void drop(String name) throws IOException;

  /** The names under which something is kept, in no order, to be closed. */
  Stream<String> kept() throws IOException;

  /** Removes what killed processes left unfinished, where only its age tells that. */
  default void removeUnfinished(Instant now) throws IOException {}

  /**
   * A URL that a client may be sent to instead of being given the bytes; empty where there is none,
   * or clients are not to be sent there.
   *
   * @param disposition what its answer has as Content-Disposition
   * @param type and as Content-Type
   */
  default Optional<URI> downloadLink(Digest digest, String disposition, String type) {
    return Optional.empty();
  }

  /**
   * Where a worker may put a blob instead of giving it to a server; empty where there is no such
   * place, or the blob is too large for one request. It is no blob before {@link #takeIn}.
   *
   * @param name of this upload and no other, of {@code [a-z0-9_-]}
   */
  default Optional<UploadLink> uploadLink(BlobRef blob, String name) {
    return Optional.empty();
  }

  /** Whether there is such a place for blobs that are not too large. */
  default boolean givesUploadLinks() {
    return false;
  }

  /**
   * Makes a blob of what was put there, if it is that blob, and removes it there.
   *
   * @throws BlobMismatch if it is another
   * @throws BlobMissing if nothing was put there
   */
  default void takeIn(BlobRef blob, String name) throws IOException {
    throw new BlobMissing("nothing was put under " + name);
  }

  /** The same as {@link #downloadLink}, for workers. */
  default Optional<URI> workerLink(Digest digest) {
    return Optional.empty();
  }

  /**
   * Where the bytes of one blob may be put, and nothing else.
   *
   * @param headers that the request must have, beside its length
   */
  record UploadLink(URI url, Map<String, String> headers) {
    public UploadLink {
      headers = Map.copyOf(headers);
    }
  }

  /** The bytes of a blob to be, as something that writes them; {@code in::transferTo} is one. */
  @FunctionalInterface
  public interface BlobContent {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Content that is written but not yet in the store. Closing drops it unless it was published. */
  public interface StagedBlob extends AutoCloseable {
    /** What the content is; {@link #publish} stores it under this digest. */
    BlobRef ref();

    /** The content from its start. */
    InputStream open() throws IOException;

    /** Makes the content a blob, durable on return; one that exists already is published anew. */
    BlobRef publish() throws IOException;

    @Override
    void close() throws IOException;
  }

  /**
   * A blob as it was seen in the store.
   *
   * @param published when it was published last: another after each publication, not to be compared
   *     with a clock. Nanoseconds since 1970 as a file system has them, a number of {@link
   *     Publications} where it has none
   */
  public record StoredBlob(BlobRef ref, long published) {
    static StoredBlob of(Digest digest, Path file) throws IOException {
      return new StoredBlob(
          new BlobRef(digest, Files.size(file)),
          Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS));
    }
  }
}
