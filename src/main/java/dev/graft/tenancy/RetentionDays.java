package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import jakarta.persistence.Embeddable;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How many days things are kept. As a department sets it, null is the operator's default; as it is
 * in force, null is for ever.
 *
 * @param noticeDays that a notice stands before a thing is removed
 */
@Embeddable
record RetentionDays(
    @Nullable Integer datasetsDays,
    @Nullable Integer checkpointsDays,
    @Nullable Integer adaptersDays,
    @Nullable Integer logsDays,
    @Nullable Integer evaluationsDays,
    @Nullable Integer noticeDays) {
  static final RetentionDays UNSET = new RetentionDays(null, null, null, null, null, null);
  static final int NOTICE_DAYS = 7;

  private static final int A_CENTURY = 36_500;
  private static final int A_YEAR = 365;

  RetentionDays {
    within("datasets_days", datasetsDays, A_CENTURY);
    within("checkpoints_days", checkpointsDays, A_CENTURY);
    within("adapters_days", adaptersDays, A_CENTURY);
    within("logs_days", logsDays, A_CENTURY);
    within("evaluations_days", evaluationsDays, A_CENTURY);
    within("notice_days", noticeDays, A_YEAR);
  }

  /** Returns these days, completed by the other ones where these are null. */
  RetentionDays over(RetentionDays other) {
    return new RetentionDays(
        datasetsDays == null ? other.datasetsDays : datasetsDays,
        checkpointsDays == null ? other.checkpointsDays : checkpointsDays,
        adaptersDays == null ? other.adaptersDays : adaptersDays,
        logsDays == null ? other.logsDays : logsDays,
        evaluationsDays == null ? other.evaluationsDays : evaluationsDays,
        noticeDays == null ? other.noticeDays : noticeDays);
  }

  /** Returns how long things of a kind are kept; null = for ever. */
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

  /**
   * Returns the time by which the age of a thing must have begun for it to have a notice; null = no
   * thing has one.
   */
  @Nullable Instant latestNoticed(RetentionKind kind, Instant now) {
    Duration kept = kept(kind);
    return kept == null ? null : now.minus(kept).plus(notice());
  }

  private static void within(String field, @Nullable Integer days, int most) {
    if (days != null && (days < 1 || days > most)) {
      throw RequestFailed.invalid(field, "%s must be from 1 to %d.".formatted(field, most));
    }
  }

  /**
   * How many days things are kept where a department sets nothing else; null = for ever.
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
    RetentionDays days() {
      try {
        return new RetentionDays(
            datasetsDays, checkpointsDays, adaptersDays, logsDays, evaluationsDays, noticeDays);
      } catch (RequestFailed outOfRange) {
        throw new IllegalStateException("graft.retention: " + outOfRange.getMessage(), outOfRange);
      }
    }
  }
}
