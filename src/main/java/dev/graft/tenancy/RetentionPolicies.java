package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
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

  /**
   * How many days things are kept. As it was said, null is the operator's default; as it is in
   * force, null is for ever.
   *
   * @param noticeDays that a notice stands before a thing is removed
   */
  record RetentionPolicy(
      @Nullable Integer datasetsDays,
      @Nullable Integer checkpointsDays,
      @Nullable Integer adaptersDays,
      @Nullable Integer logsDays,
      @Nullable Integer evaluationsDays,
      @Nullable Integer noticeDays) {
    static final RetentionPolicy UNSAID = new RetentionPolicy(null, null, null, null, null, null);
    static final int NOTICE_DAYS = 7;

    private static final int A_CENTURY = 36_500;
    private static final int A_YEAR = 365;

    RetentionPolicy {
      within("datasets_days", datasetsDays, A_CENTURY);
      within("checkpoints_days", checkpointsDays, A_CENTURY);
      within("adapters_days", adaptersDays, A_CENTURY);
      within("logs_days", logsDays, A_CENTURY);
      within("evaluations_days", evaluationsDays, A_CENTURY);
      within("notice_days", noticeDays, A_YEAR);
    }

    static RetentionPolicy of(ResultSet row, int number) throws SQLException {
      return new RetentionPolicy(
          row.getObject("datasets_days", Integer.class),
          row.getObject("checkpoints_days", Integer.class),
          row.getObject("adapters_days", Integer.class),
          row.getObject("logs_days", Integer.class),
          row.getObject("evaluations_days", Integer.class),
          row.getObject("notice_days", Integer.class));
    }

    /** This, and where it says nothing the other. */
    RetentionPolicy over(RetentionPolicy other) {
      return new RetentionPolicy(
          datasetsDays == null ? other.datasetsDays : datasetsDays,
          checkpointsDays == null ? other.checkpointsDays : checkpointsDays,
          adaptersDays == null ? other.adaptersDays : adaptersDays,
          logsDays == null ? other.logsDays : logsDays,
          evaluationsDays == null ? other.evaluationsDays : evaluationsDays,
          noticeDays == null ? other.noticeDays : noticeDays);
    }

    /** Null = for ever. */
    @Nullable Duration kept(RetentionKind kind) {
      Integer days =
          switch (kind) {
            case DATASETS -> datasetsDays;
            case CHECKPOINTS -> checkpointsDays;
            case ADAPTERS -> adaptersDays;
            case LOGS -> logsDays;
            case EVALUATIONS -> evaluationsDays;
          };
      return days == null ? null : Duration.ofDays(days);
    }

    Duration notice() {
      return Duration.ofDays(noticeDays == null ? NOTICE_DAYS : noticeDays);
    }

    boolean keepsAll() {
      return datasetsDays == null
          && checkpointsDays == null
          && adaptersDays == null
          && logsDays == null
          && evaluationsDays == null;
    }

    /** Things whose clock began by then have a notice, others have none; null = none has. */
    @Nullable Instant latestTold(RetentionKind kind, Instant now) {
      Duration kept = kept(kind);
      return kept == null ? null : now.minus(kept).plus(notice());
    }

    private static void within(String field, @Nullable Integer days, int most) {
      if (days != null && (days < 1 || days > most)) {
        throw RequestFailed.invalid(field, "%s must be from 1 to %d.".formatted(field, most));
      }
    }
  }

  /**
   * How many days things are kept where an administrator has said nothing else; null = for ever.
   *
   * @param datasetsDays days that files for training stay
   * @param checkpointsDays days that checkpoints stay after the end of their job
   * @param adaptersDays days that adapters stay
   * @param logsDays days that events and metrics stay after the end of their job
   * @param evaluationsDays days that evaluations stay after their end
   * @param noticeDays days that a notice stands before a thing is removed
   */
  @ConfigurationProperties("graft.retention")
  record RetentionProperties(
      @Nullable Integer datasetsDays,
      @Nullable Integer checkpointsDays,
      @Nullable Integer adaptersDays,
      @Nullable Integer logsDays,
      @Nullable Integer evaluationsDays,
      @DefaultValue("7") int noticeDays) {
    RetentionPolicies.RetentionPolicy policy() {
      try {
        return new RetentionPolicies.RetentionPolicy(
            datasetsDays, checkpointsDays, adaptersDays, logsDays, evaluationsDays, noticeDays);
      } catch (RequestFailed outOfRange) {
        throw new IllegalStateException("graft.retention: " + outOfRange.getMessage(), outOfRange);
      }
    }
  }
}
