package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.NamedBlobs.BlobReferences;
import dev.graft.pg.GraftIT;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

/** No column names blobs that the sweep does not know of. */
@GraftIT
class BlobColumnsIT {
  /** By name, or because they are checked to be a SHA-256. */
  private static final String LOOKS_LIKE_BLOBS =
      """
      select c.relname || '.' || a.attname
        from pg_attribute a join pg_class c on c.oid = a.attrelid
       where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
         and a.attnum > 0 and not a.attisdropped
         and (a.attname ~ 'digest|manifest|sha256|blob|archive$'
              or exists (select from pg_constraint k
                          where k.conrelid = c.oid and a.attnum = any(k.conkey)
                            and pg_get_constraintdef(k.oid) like '%{64}%'))
      """;

  private static final Map<String, String> NOT_NEEDED =
      Map.of(
          "blob_publication.digest", "when it was published, for as long as it is there",
          "department_erasure_blob.digest", "what is to go with its department",
          "job_upload.digest", "what is on its way; what has arrived is in job_blob",
          "job.result_manifest", "the adapter names it for as long as there is one",
          "job_lease.manifest", "compared with what a worker repeats, never read",
          "unreferenced_blob.digest", "what nothing needs");

  @Autowired List<BlobReferences> modules;
  @Autowired JdbcClient sql;

  @Test
  void everyColumnOfDigestsIsDeclaredOrSaysWhyNot() {
    Set<String> declared =
        modules.stream()
            .flatMap(module -> module.columns().stream())
            .map(column -> column.table() + "." + column.column())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(declared).doesNotContainAnyElementsOf(NOT_NEEDED.keySet());
    declared.addAll(NOT_NEEDED.keySet());
    assertThat(sql.sql(LOOKS_LIKE_BLOBS).query(String.class).list())
        .containsExactlyInAnyOrderElementsOf(declared);
  }
}
