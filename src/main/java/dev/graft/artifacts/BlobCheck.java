package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Gatherers;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;

/**
 * Checks that every blob that a row names is in the store with the right content. Needs about 300
 * bytes of memory per blob and changes nothing.
 */
@Service
public class BlobCheck {
  private static final int AT_ONCE = 4;

  private final NamedBlobs named;
  private final ArtifactStore store;

  BlobCheck(NamedBlobs named, ArtifactStore store) {
    this.named = named;
    this.store = store;
  }

  /** What is wrong with a blob that a row names. */
  public enum Fault {
    MISSING,
    /** Its content does not match its digest, or it should be a manifest and is not one. */
    DAMAGED
  }

  /**
   * A missing or damaged blob.
   *
   * @param namedBy columns that name it, such as {@code file.digest}, itself or by a manifest
   */
  public record Faulty(Digest digest, Fault fault, Set<String> namedBy) {}

  /**
   * The result of a check.
   *
   * @param blobs number of blobs that rows name
   * @param bytes of those blobs that exist, together
   */
  public record Checked(int blobs, long bytes, List<Faulty> faulty) {}

  /** One checked blob, with its size and its fault, if any. */
  private record Looked(Digest digest, long bytes, @Nullable Fault fault) {}

  /**
   * Checks every blob. Faults of blobs that a running server has stopped needing meanwhile are not
   * reported.
   *
   * @param read whether all content is read and compared; otherwise only that of manifests
   * @param news called after each blob, with its bytes that exist
   * @throws IOException if the store cannot be read
   */
  public Checked check(boolean read, Consumer<BlobRef> news) throws IOException {
    NamedBlobs.Names names = named.now();
    List<Looked> looked = new ArrayList<>();
    try {
      names.by().keySet().stream()
          .gather(
              Gatherers.mapConcurrent(
                  AT_ONCE, each -> look(each, read, names.manifests().contains(each))))
          .forEachOrdered(
              each -> {
                looked.add(each);
                news.accept(new BlobRef(each.digest(), each.bytes()));
              });
    } catch (RuntimeException failed) {
      throw ofStore(failed);
    }
    List<Looked> wrong = looked.stream().filter(each -> each.fault() != null).toList();
    NamedBlobs.Names still = wrong.isEmpty() ? names : named.now();
    long bytes = looked.stream().mapToLong(Looked::bytes).sum();
    return new Checked(looked.size(), bytes, faulty(wrong, still));
  }

  /** {@code mapConcurrent} wraps what its threads throw. */
  private static IOException ofStore(RuntimeException failed) {
    for (Throwable at = failed; at != null; at = at.getCause()) {
      if (at instanceof IOException of) return of;
    }
    throw failed;
  }

  private static List<Faulty> faulty(List<Looked> wrong, NamedBlobs.Names names) {
    List<Faulty> faulty = new ArrayList<>();
    for (Looked each : wrong) {
      Set<String> by = names.by().get(each.digest());
      if (by != null && each.fault() != null) {
        faulty.add(new Faulty(each.digest(), each.fault(), by));
      }
    }
    return faulty;
  }

  private Looked look(Digest digest, boolean read, boolean manifest) {
    try {
      Optional<BlobRef> there = store.stat(digest);
      if (there.isEmpty()) return new Looked(digest, 0, Fault.MISSING);
      BlobRef blob = there.get();
      if (manifest) ManifestDirectory.read(store, digest);
      boolean whole = !(read || manifest) || isWhole(blob);
      return new Looked(digest, blob.bytes(), whole ? null : Fault.DAMAGED);
    } catch (BlobMissing removedMeanwhile) {
      return new Looked(digest, 0, Fault.MISSING);
    } catch (Manifest.InvalidManifest none) {
      return new Looked(digest, 0, Fault.DAMAGED);
    } catch (IOException failed) {
      throw new UncheckedIOException(
          new IOException("sha256:%s cannot be read: %s".formatted(digest, failed), failed));
    }
  }

  private boolean isWhole(BlobRef blob) throws IOException {
    try (InputStream in = store.open(blob.sha256())) {
      return BlobRef.of(in).equals(blob);
    }
  }
}
