package dev.graft.jobs;

import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Retained;
import dev.graft.tenancy.RetentionKind;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The checkpoints of a job, which departments keep from its end; a paused one has not ended. */
@Component
class RetainedCheckpoints implements Retained {
  private final EndedJobs jobs;
  private final AuditLog audit;

  RetainedCheckpoints(EndedJobs jobs, AuditLog audit) {
    this.jobs = jobs;
    this.audit = audit;
  }

  @Override
  public RetentionKind kind() {
    return RetentionKind.CHECKPOINTS;
  }

  @Override
  public List<Thing> untold(String departmentId, Instant latest, int limit) {
    return jobs.untoldCheckpoints(departmentId, latest, limit);
  }

  @Override
  @Transactional(propagation = Propagation.MANDATORY)
  public Removal remove(String departmentId, String jobId) {
    if (!jobs.lockWithCheckpoints(departmentId, jobId)) return Removal.GONE;
    if (jobs.needed(jobId)) return Removal.IN_USE;
    int count = jobs.deleteCheckpoints(jobId);
    audit.write(
        "fine_tuning.job.checkpoints.deleted",
        departmentId,
        jobId,
        Map.of("checkpoints", count, "reason", "retention"));
    return Removal.REMOVED;
  }
}
