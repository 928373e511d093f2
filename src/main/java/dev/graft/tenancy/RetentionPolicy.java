package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How many days things are kept. As it was said, null is the operator's default; as it is in force,
 * null is for ever.
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
