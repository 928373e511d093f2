package dev.graft.evaluation.api;

import dev.graft.retention.Retained;
import dev.graft.retention.RetentionKind;
import dev.graft.tenancy.AuditLog;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Evaluations, which departments keep from their end. */
@Component
class RetainedEvaluations implements Retained {
  private final EvaluationRows rows;
  private final AuditLog audit;

  RetainedEvaluations(EvaluationRows rows, AuditLog audit) {
    this.rows = rows;
    this.audit = audit;
  }

  @Override
  public RetentionKind kind() {
    return RetentionKind.EVALUATIONS;
  }

  @Override
  public List<Thing> untold(String departmentId, Instant latest, int limit) {
    return rows.untold(departmentId, latest, limit);
  }

  @Override
  @Transactional(propagation = Propagation.MANDATORY)
  public Removal remove(String departmentId, String id) {
    if (!rows.delete(departmentId, id)) return Removal.GONE;
    audit.write("evaluation.deleted", departmentId, id, Map.of("reason", "retention"));
    return Removal.REMOVED;
  }
}
