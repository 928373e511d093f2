package dev.graft.adapters;

import dev.graft.jobs.JobSucceeded;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import java.io.IOException;
import java.time.Duration;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * Makes the archive of a new adapter before anybody asks for it. If nobody has by then, the first
 * download makes it.
 */
@Component
class ArchiveAhead implements WorkKind {
  private static final String KIND = "adapter_archive";
  private static final WorkSettings SETTINGS =
      new WorkSettings(
          KIND,
          true,
          1,
          1,
          Duration.ofSeconds(2),
          Duration.ofMinutes(1),
          new WorkSettings.Backoff(5, Duration.ofSeconds(10), Duration.ofMinutes(5)),
          Duration.ZERO);

  private final Adapters adapters;
  private final AdapterFiles files;
  private final LeasedWork work;

  ArchiveAhead(Adapters adapters, AdapterFiles files, LeasedWork work) {
    this.adapters = adapters;
    this.files = files;
    this.work = work;
  }

  /** In the transaction that completes the job: both commit, or neither. */
  @EventListener
  @Transactional(propagation = Propagation.MANDATORY)
  public void add(JobSucceeded job) {
    work.add(KIND, job.fineTunedModel(), job.departmentId());
  }

  @Override
  public WorkSettings settings() {
    return SETTINGS;
  }

  @Override
  public void work(WorkClaim claim) throws IOException {
    Adapter adapter = adapters.named(claim.departmentId(), claim.subject()).orElse(null);
    if (adapter != null) files.archive(adapter);
  }
}
