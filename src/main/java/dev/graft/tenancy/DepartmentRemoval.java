package dev.graft.tenancy;

import dev.graft.platform.Idempotency;
import dev.graft.tenancy.DepartmentTables.Part;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The statements that delete a department's rows, each in the caller's transaction. */
@Component
class DepartmentRemoval {
  private static final int BATCH = 1_000;

  private final JdbcClient sql;
  private final DepartmentContent content;
  private final Erasures erasures;
  private final AuditLog audit;
  private final AuditPseudonyms pseudonyms;
  private final Idempotency idempotency;
  private final ApplicationEventPublisher events;

  DepartmentRemoval(
      JdbcClient sql,
      DepartmentContent content,
      Erasures erasures,
      AuditLog audit,
      AuditPseudonyms pseudonyms,
      Idempotency idempotency,
      ApplicationEventPublisher events) {
    this.sql = sql;
    this.content = content;
    this.erasures = erasures;
    this.audit = audit;
    this.pseudonyms = pseudonyms;
    this.idempotency = idempotency;
    this.events = events;
  }

  /** Whether all jobs have ended; what has not is told to. */
  boolean stop(Erasure erasure) {
    events.publishEvent(new DepartmentErasing(erasure.departmentId()));
    return sql.sql(
            "select not exists (select from job where department_id = :department and finished_at"
                + " is null)")
        .param("department", erasure.departmentId())
        .query(Boolean.class)
        .single();
  }

  /** How many it were; 0 = there are none left. */
  int batch(Erasure erasure, Part part) {
    String name = content.keptBy(part.table());
    List<String> gone =
        sql.sql(
                """
                delete from %1$s
                 where ctid = any(array(select ctid from %1$s where %2$s limit :most))
                   and %2$s -- places are those of one partition
                returning %3$s
                """
                    .formatted(part.table(), part.where(), name == null ? "''" : name))
            .param("department", erasure.departmentId())
            .param("most", BATCH)
            .query((row, n) -> row.getString(1))
            .list();
    if (name != null) gone.forEach(this::drop);
    if (!gone.isEmpty()) erasures.counted(erasure.id(), part.table(), gone.size());
    return gone.size();
  }

  /** Before its row is gone for good: whoever is killed in between does it again. */
  private void drop(String name) {
    try {
      content.drop(name);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  int entries(Erasure erasure) {
    return pseudonyms.write(erasure.departmentId(), String.valueOf(erasure.salt()), BATCH);
  }

  /** What came meanwhile, and the department: nothing refers to it from now on. */
  void last(Erasure erasure, List<Part> parts) {
    sql.sql("select true from department where id = :department for update")
        .param("department", erasure.departmentId())
        .query(Boolean.class)
        .optional();
    for (Part part : parts) while (batch(erasure, part) > 0) continue;
    while (entries(erasure) > 0) continue;
    idempotency.forget(erasure.departmentId());
    events.publishEvent(new DepartmentErased(erasure.departmentId()));
    erasures.rowsDeleted(erasure.id());
    audit.write(
        "project.erased",
        null,
        erasure.departmentId(),
        erasure.departmentId(),
        Map.of("erasure", erasure.id()));
  }

  long entriesKept(Erasure erasure) {
    return sql.sql("select count(*) from audit_log where department_id = :department")
        .param("department", erasure.departmentId())
        .query(Long.class)
        .single();
  }
}
