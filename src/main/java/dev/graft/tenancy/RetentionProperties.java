package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

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
  RetentionPolicy policy() {
    try {
      return new RetentionPolicy(
          datasetsDays, checkpointsDays, adaptersDays, logsDays, evaluationsDays, noticeDays);
    } catch (RequestFailed outOfRange) {
      throw new IllegalStateException("graft.retention: " + outOfRange.getMessage(), outOfRange);
    }
  }
}
