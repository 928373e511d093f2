package dev.graft.tenancy;

import dev.graft.platform.TransactionLocks;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** How long departments keep things, as administrators have said. */
@Component
class RetentionPolicies {
  private static final String SAY =
      """
      insert into retention_policy (department_id, datasets_days, checkpoints_days, adapters_days,
                                    logs_days, evaluations_days, notice_days)
      values (:department, :datasets, :checkpoints, :adapters, :logs, :evaluations, :notice)
      on conflict (department_id) do update
        set datasets_days = :datasets, checkpoints_days = :checkpoints, adapters_days = :adapters,
            logs_days = :logs, evaluations_days = :evaluations, notice_days = :notice
      """;

  private static final String TO_SWEEP =
      """
      select id from department d
       where :all
          or exists (select from retention_policy p where p.department_id = d.id)
          or exists (select from retention_notice n where n.department_id = d.id)
       order by id
      """;

  private final TransactionLocks locks;
  private final JdbcClient sql;
  private final RetentionPolicy defaults;

  RetentionPolicies(TransactionLocks locks, JdbcClient sql, RetentionProperties settings) {
    this.locks = locks;
    this.sql = sql;
    this.defaults = settings.policy();
  }

  /** Until the transaction ends nobody else changes the department's policy or writes notices. */
  void takeTurn(String departmentId) {
    locks.take("retention of " + departmentId);
  }

  RetentionPolicy said(String departmentId) {
    return sql.sql("select * from retention_policy where department_id = :department")
        .param("department", departmentId)
        .query(RetentionPolicy::of)
        .optional()
        .orElse(RetentionPolicy.UNSAID);
  }

  RetentionPolicy inForce(String departmentId) {
    return said(departmentId).over(defaults);
  }

  void say(String departmentId, RetentionPolicy policy) {
    sql.sql(SAY)
        .param("department", departmentId)
        .param("datasets", policy.datasetsDays())
        .param("checkpoints", policy.checkpointsDays())
        .param("adapters", policy.adaptersDays())
        .param("logs", policy.logsDays())
        .param("evaluations", policy.evaluationsDays())
        .param("notice", policy.noticeDays())
        .update();
  }

  /** Departments that may have something to tell, to withdraw or to remove. */
  List<String> toSweep() {
    return sql.sql(TO_SWEEP)
        .param("all", !defaults.keepsAll())
        .query((row, n) -> row.getString("id"))
        .list();
  }
}
