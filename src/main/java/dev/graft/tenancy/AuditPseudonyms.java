package dev.graft.tenancy;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Removes names and details from the audit log entries of a department that is being erased. The
 * database refuses such changes at any other time. Actors and department ids are kept as evidence.
 */
@Component
class AuditPseudonyms {
  private static final String ERASE =
      """
      update audit_log
         set department_name = null, details = '{"erased": true}',
             resource_id = case when type ~ '^(project|user|api_key|service_account|login|logout)[.]'
                                then resource_id
                                else 'erased-' || left(encode(sha256(convert_to(
                                       :salt || resource_id, 'UTF8')), 'hex'), 24) end
       where (id, effective_at) in
             (select id, effective_at from audit_log
               where department_id = :department
                 and (department_name is not null or details <> '{"erased": true}')
               limit :most)
      """;

  private final JdbcClient sql;

  AuditPseudonyms(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * Rewrites up to {@code most} entries and returns how many it rewrote.
   *
   * @param salt salt of the pseudonyms that replace ids and names of things
   */
  public int write(String departmentId, String salt, int most) {
    return sql.sql(ERASE)
        .param("department", departmentId)
        .param("salt", salt)
        .param("most", most)
        .update();
  }
}
