package dev.graft.datasets;

import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Retained;
import dev.graft.tenancy.RetentionKind;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Retention of training files, counted from their upload. Results belong to the logs of jobs. */
@Component
class RetainedDatasets implements Retained {
  private static final String UNTOLD =
      """
      -- untold datasets
      select id, filename, created_at from file f
       where department_id = :department and purpose = 'fine-tune' and created_at <= :latest
         and (expires_at is null or expires_at > :now)
         and not exists (select from retention_notice n
                          where n.kind = 'datasets' and n.resource_id = f.id)
       order by created_at, id limit :limit
      """;

  private final JdbcClient sql;
  private final DataFiles rows;
  private final StoredFiles files;
  private final AuditLog audit;
  private final Clock clock;

  RetainedDatasets(JdbcClient sql, DataFiles rows, StoredFiles files, AuditLog audit, Clock clock) {
    this.sql = sql;
    this.rows = rows;
    this.files = files;
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  public RetentionKind kind() {
    return RetentionKind.DATASETS;
  }

  @Override
  public List<Thing> untold(String departmentId, Instant latest, int limit) {
    return sql.sql(UNTOLD)
        .param("department", departmentId)
        .param("latest", ResultColumns.parameter(latest))
        .param("now", ResultColumns.parameter(clock.instant()))
        .param("limit", limit)
        .query(
            (row, n) ->
                new Thing(
                    row.getString("id"),
                    row.getString("filename"),
                    ResultColumns.time(row, "created_at")))
        .list();
  }

  /** Leaves a file that has expired by itself to {@link FileRetention}. */
  @Override
  @Transactional(propagation = Propagation.MANDATORY)
  public Removal remove(String departmentId, String id) {
    DataFile file = rows.findToChange(departmentId, id, clock.instant()).orElse(null);
    if (file == null) return Removal.GONE;
    if (files.userOf(departmentId, id).isPresent()) return Removal.IN_USE;
    rows.delete(file);
    audit.write(
        "file.deleted",
        departmentId,
        id,
        Map.of("filename", file.filename(), "reason", "retention"));
    return Removal.REMOVED;
  }
}
