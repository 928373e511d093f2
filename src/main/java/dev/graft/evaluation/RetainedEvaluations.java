package dev.graft.evaluation;

import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Retained;
import dev.graft.tenancy.RetentionKind;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Retention of evaluations, counted from their end. */
@Component
class RetainedEvaluations implements Retained {
  private static final String WITHOUT_NOTICE =
      """
      -- evaluations without a notice
      select id, coalesce(plan ->> 'name', id) as name, ended_at from evaluation e
       where department_id = :department and ended_at <= :latest
         and not exists (select from retention_notice n
                          where n.kind = 'evaluations' and n.resource_id = e.id)
       order by ended_at, id limit :limit
      """;

  private final JdbcClient sql;
  private final Evaluations rows;
  private final AuditLog audit;

  RetainedEvaluations(JdbcClient sql, Evaluations rows, AuditLog audit) {
    this.sql = sql;
    this.rows = rows;
    this.audit = audit;
  }

  @Override
  public RetentionKind kind() {
    return RetentionKind.EVALUATIONS;
  }

  @Override
  public List<Thing> untold(String departmentId, Instant latest, int limit) {
    return sql.sql(WITHOUT_NOTICE)
        .param("department", departmentId)
        .param("latest", ResultColumns.parameter(latest))
        .param("limit", limit)
        .query(
            (row, n) ->
                new Thing(
                    row.getString("id"),
                    row.getString("name"),
                    ResultColumns.time(row, "ended_at")))
        .list();
  }

  @Override
  @Transactional(propagation = Propagation.MANDATORY)
  public Removal remove(String departmentId, String id) {
    if (rows.deleteEnded(departmentId, id) == 0) return Removal.GONE;
    audit.write("evaluation.deleted", departmentId, id, Map.of("reason", "retention"));
    return Removal.REMOVED;
  }
}
