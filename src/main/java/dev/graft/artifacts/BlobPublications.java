package dev.graft.artifacts;

import static java.util.stream.Collectors.toMap;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Publications as rows of {@code blob_publication}. The row is locked while its blob is removed: a
 * publisher that arrives meanwhile waits, then finds the blob gone and stores it.
 */
@Component
class BlobPublications implements Publications {
  private final JdbcClient sql;
  private final TransactionTemplate transaction;

  BlobPublications(JdbcClient sql, PlatformTransactionManager transactions) {
    this.sql = sql;
    this.transaction = new TransactionTemplate(transactions);
  }

  @Override
  public void note(Digest digest) {
    sql.sql(
            """
            insert into blob_publication (digest, published)
            values (:digest, nextval('blob_publication_number'))
            on conflict (digest) do update set published = excluded.published
            """)
        .param("digest", digest.hex())
        .update();
  }

  private record Latest(Digest digest, long published) {}

  @Override
  public Map<Digest, Long> latest(Collection<Digest> digests) {
    if (digests.isEmpty()) return Map.of();
    return sql
        .sql("select digest, published from blob_publication where digest = any(:digests)")
        .param("digests", digests.stream().map(Digest::hex).toArray(String[]::new))
        .query((row, n) -> new Latest(new Digest(row.getString(1)), row.getLong(2)))
        .list()
        .stream()
        .collect(toMap(Latest::digest, Latest::published));
  }

  @Override
  public boolean remove(ArtifactStore.StoredBlob seen, Removal removal) throws IOException {
    try {
      return Boolean.TRUE.equals(transaction.execute(status -> removed(seen, removal)));
    } catch (UncheckedIOException failed) {
      throw failed.getCause();
    }
  }

  private boolean removed(ArtifactStore.StoredBlob seen, Removal removal) {
    String digest = seen.ref().sha256().hex();
    // A blob without a row gets one, because a missing row cannot be locked.
    sql.sql("insert into blob_publication values (:digest, 0) on conflict (digest) do nothing")
        .param("digest", digest)
        .update();
    long published =
        sql.sql("select published from blob_publication where digest = :digest for update")
            .param("digest", digest)
            .query(Long.class)
            .single();
    if (published != seen.published()) return false;
    sql.sql("delete from blob_publication where digest = :digest").param("digest", digest).update();
    try {
      return removal.run();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
