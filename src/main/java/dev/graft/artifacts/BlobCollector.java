package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.graft.platform.database.ResultColumns;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * Deletes blobs that nothing has needed for {@code graft.artifacts.keep-unreferenced}. That time
 * protects a blob between its publication and the row that names it, and a blob whose digest passes
 * from a deleted row to a new one. {@link ArtifactStore#delete} protects a blob that is published
 * again at the last moment.
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

  /** The result of a sweep. */
  public record Swept(int unreferenced, int deleted, long bytes) {}

  /**
   * Sweeps the store; returns empty if another server does. Throws, and deletes nothing, if it
   * cannot find out what is needed: a manifest cannot be read, or the store belongs to another
   * database.
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
   * Returns those of these blobs that are needed.
   *
   * @throws IllegalStateException if a manifest cannot be read
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
    List<ArtifactStore.StoredBlob> others;
    try (Stream<ArtifactStore.StoredBlob> all = store.blobs()) {
      others = all.filter(blob -> !needed.contains(blob.ref().sha256())).toList();
    } catch (UncheckedIOException unreadable) {
      throw unreadable.getCause();
    }
    int deleted = 0;
    long bytes = 0;
    long renewed = System.nanoTime();
    if (!lease.renew(sweep))
      throw new IOException("the sweep took so long that another server began one");
    for (ArtifactStore.StoredBlob blob :
        unreferenced.note(others, now, now.minus(settings.keepUnreferenced()))) {
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

  /** An empty database, for example, would take all blobs of another one for garbage. */
  private void requireOwnStore() throws IOException {
    byte[] own = unreferenced.database().getBytes(UTF_8);
    try (InputStream owner = store.openKept(ArtifactStore.OWNER)) {
      if (!new String(own, UTF_8).equals(new String(owner.readAllBytes(), UTF_8))) {
        throw new IllegalStateException(
            "the artifact store belongs to another database: if it shall belong to this one, remove"
                + " artifacts/kept/database from the data directory (in S3 the object"
                + " kept/database); nothing was deleted");
      }
    } catch (BlobMissing unowned) {
      store.keep(ArtifactStore.OWNER, out -> out.write(own), own.length);
    }
  }

  /** Counts the deletions of all sweeps since this server's start. */
  @Component
  static final class DeletedBlobs {
    private final Counter blobs;
    private final Counter bytes;

    DeletedBlobs(MeterRegistry registry) {
      blobs =
          Counter.builder("graft.store.deleted.blobs")
              .description("Blobs that nothing needed, deleted from the artifact store")
              .register(registry);
      bytes =
          Counter.builder("graft.store.deleted")
              .baseUnit("bytes")
              .description("Bytes of blobs that nothing needed, deleted from the artifact store")
              .register(registry);
    }

    void count(BlobRef blob) {
      blobs.increment();
      bytes.increment(blob.bytes());
    }
  }

  /** The lease under which one server sweeps the store: the one row of {@code artifact_store}. */
  @Component
  static class SweepLease {
    /**
     * Longer than listing a large store takes; a server that dies delays the next sweep by this.
     */
    private static final Duration LASTS = Duration.ofHours(1);

    private final JdbcClient sql;

    SweepLease(JdbcClient sql) {
      this.sql = sql;
    }

    /** Takes the lease; returns empty if another server has it. */
    Optional<UUID> take() {
      return sql.sql(
              """
              update artifact_store
                 set sweep = gen_random_uuid(), sweep_until = graft_now() + make_interval(secs => :lasts)
               where sweep is null or sweep_until < graft_now()
              returning sweep
              """)
          .param("lasts", LASTS.toSeconds())
          .query(UUID.class)
          .optional();
    }

    /** Extends the lease; returns false if another server has it. */
    boolean renew(UUID sweep) {
      return sql.sql(
                  "update artifact_store set sweep_until = graft_now() + make_interval(secs =>"
                      + " :lasts) where sweep = :sweep")
              .param("lasts", LASTS.toSeconds())
              .param("sweep", sweep)
              .update()
          == 1;
    }

    void release(UUID sweep) {
      sql.sql("update artifact_store set sweep = null, sweep_until = null where sweep = :sweep")
          .param("sweep", sweep)
          .update();
    }
  }

  /** The times since which blobs have not been needed, as table {@code unreferenced_blob}. */
  @Component
  static class UnreferencedBlobs {
    /** The time starts again for a blob that was published again. */
    private static final String NOTE =
        """
        insert into unreferenced_blob as known (digest, published, since, seen)
        select digest, published, :now, :now
          from unnest(:digests::text[], :published::bigint[]) as blob (digest, published)
        on conflict (digest) do update
          set since = case when known.published = excluded.published then known.since else excluded.since end,
              published = excluded.published,
              seen = excluded.seen
        """;

    private final JdbcClient sql;

    UnreferencedBlobs(JdbcClient sql) {
      this.sql = sql;
    }

    /**
     * Notes that these blobs, and no others, are not needed now.
     *
     * @return those of them that no sweep since {@code longAgo} has found needed
     */
    @Transactional
    public List<ArtifactStore.StoredBlob> note(
        List<ArtifactStore.StoredBlob> blobs, Instant now, Instant longAgo) {
      sql.sql(NOTE)
          .param(
              "digests",
              blobs.stream().map(blob -> blob.ref().sha256().hex()).toArray(String[]::new))
          .param(
              "published",
              blobs.stream().map(ArtifactStore.StoredBlob::published).toArray(Long[]::new))
          .param("now", ResultColumns.parameter(now))
          .update();
      sql.sql("delete from unreferenced_blob where seen <> :now")
          .param("now", ResultColumns.parameter(now))
          .update();
      Map<String, Long> due = new HashMap<>();
      sql.sql("select digest, published from unreferenced_blob where since <= :long_ago")
          .param("long_ago", ResultColumns.parameter(longAgo))
          .query(
              row -> {
                due.put(row.getString("digest"), row.getLong("published"));
              });
      return blobs.stream()
          .filter(blob -> Long.valueOf(blob.published()).equals(due.get(blob.ref().sha256().hex())))
          .toList();
    }

    /** Returns an id that copies and restored backups of this database share, and no other. */
    String database() {
      return sql.sql("select id::text from artifact_store").query(String.class).single();
    }
  }
}
