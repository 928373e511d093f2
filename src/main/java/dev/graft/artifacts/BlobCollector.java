package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;

/**
 * Deletes blobs that nothing has needed for {@code graft.artifacts.keep-unreferenced}. That time is
 * what protects a blob between its publication and the row that names it, and one whose digest
 * passes from a row that goes to one that comes; {@link ArtifactStore#delete} protects one that is
 * published again in the last moment.
 */
@Service
public class BlobCollector {
  private static final Logger log = LoggerFactory.getLogger(BlobCollector.class);
  private static final Duration RENEW = Duration.ofMinutes(1);

  private final ArtifactStore store;
  private final NamedBlobs named;
  private final UnreferencedBlobs unreferenced;
  private final BlobProperties settings;
  private final SweepLease lease;
  private final Clock clock;
  private final DeletedBlobs deletions;

  BlobCollector(
      ArtifactStore store,
      NamedBlobs named,
      UnreferencedBlobs unreferenced,
      BlobProperties settings,
      SweepLease lease,
      Clock clock,
      DeletedBlobs deletions) {
    this.store = store;
    this.named = named;
    this.unreferenced = unreferenced;
    this.settings = settings;
    this.lease = lease;
    this.clock = clock;
    this.deletions = deletions;
  }

  /** What a sweep came to. */
  public record Swept(int unreferenced, int deleted, long bytes) {}

  /**
   * Empty if another server is at it. Deletes nothing, and throws, where it cannot be told what is
   * needed: a manifest cannot be read, or the store belongs to another database.
   */
  public Optional<Swept> sweep() {
    Optional<UUID> taken = lease.take();
    if (taken.isEmpty()) return Optional.empty();
    UUID sweep = taken.get();
    try {
      return Optional.of(collect(sweep));
    } catch (IOException failed) {
      throw new IllegalStateException("the artifact store was not swept", failed);
    } finally {
      lease.release(sweep);
    }
  }

  /**
   * Which of these somebody needs.
   *
   * @throws IllegalStateException if it cannot be told what a manifest names
   */
  public Set<Digest> needed(Collection<Digest> digests) throws IOException {
    Set<Digest> needed = new HashSet<>(digests);
    needed.retainAll(named.needed());
    return needed;
  }

  private Swept collect(UUID sweep) throws IOException {
    requireOwnStore();
    Instant now = clock.instant();
    store.removeUnfinished(now);
    Set<Digest> needed = named.needed();
    List<StoredBlob> others;
    try (Stream<StoredBlob> all = store.blobs()) {
      others = all.filter(blob -> !needed.contains(blob.ref().sha256())).toList();
    } catch (UncheckedIOException unreadable) {
      throw unreadable.getCause();
    }
    int deleted = 0;
    long bytes = 0;
    long renewed = System.nanoTime();
    if (!lease.renew(sweep)) throw new IOException("it took so long that another server began");
    for (StoredBlob blob : unreferenced.note(others, now, now.minus(settings.keepUnreferenced()))) {
      if (!store.delete(blob)) continue;
      deleted++;
      deletions.count(blob.ref());
      bytes += blob.ref().bytes();
      if (System.nanoTime() - renewed < RENEW.toNanos()) continue;
      if (!lease.renew(sweep)) break;
      renewed = System.nanoTime();
    }
    log.atInfo()
        .addKeyValue("needed", needed.size())
        .addKeyValue("unreferenced", others.size())
        .addKeyValue("deleted", deleted)
        .addKeyValue("bytes", bytes)
        .log("artifacts_swept");
    return new Swept(others.size(), deleted, bytes);
  }

  /** To an empty database, say, all that another one needs would be garbage. */
  private void requireOwnStore() throws IOException {
    byte[] own = unreferenced.database().getBytes(UTF_8);
    try (InputStream owner = store.openKept(ArtifactStore.OWNER)) {
      if (!new String(own, UTF_8).equals(new String(owner.readAllBytes(), UTF_8))) {
        throw new IllegalStateException(
            "the artifact store belongs to another database: if it is this one's now, remove"
                + " artifacts/kept/database from the data directory (in S3 the object"
                + " kept/database); nothing was deleted");
      }
    } catch (BlobMissing nobodysYet) {
      store.keep(ArtifactStore.OWNER, out -> out.write(own), own.length);
    }
  }
}
