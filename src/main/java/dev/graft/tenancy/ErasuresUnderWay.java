package dev.graft.tenancy;

import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ErasedContent;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Erasures whose rows are gone and whose content is about to go. */
@Component
class ErasuresUnderWay implements ErasedContent {
  private static final String ONES = "from department_erasure where status = 'deleting_content'";

  private final JdbcClient sql;

  ErasuresUnderWay(JdbcClient sql) {
    this.sql = sql;
  }

  /** Whoever asks hears of nothing that they do not have. */
  @Override
  public Erased of(Set<Digest> held) {
    Set<String> erasures = sql.sql("select id " + ONES).query((row, n) -> row.getString(1)).set();
    if (erasures.isEmpty()) return new Erased(Set.of(), Set.of());
    String theirs =
        "select distinct digest from department_erasure_blob where digest = any(:held)"
            + " and erasure_id in (select id "
            + ONES
            + ")";
    Set<Digest> digests =
        sql.sql(theirs)
            .param("held", held.stream().map(Digest::hex).toArray(String[]::new))
            .query((row, n) -> new Digest(row.getString(1)))
            .set();
    return new Erased(digests, erasures);
  }
}
