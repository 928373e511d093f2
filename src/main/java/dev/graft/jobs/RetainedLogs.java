package dev.graft.jobs;

import dev.graft.datasets.StoredFiles;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Retained;
import dev.graft.tenancy.RetentionKind;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The events and the step metrics of a job, which departments keep from its end. */
@Component
class RetainedLogs implements Retained {
  private final EndedJobs jobs;
  private final StoredFiles files;
  private final AuditLog audit;

  RetainedLogs(EndedJobs jobs, StoredFiles files, AuditLog audit) {
    this.jobs = jobs;
    this.files = files;
    this.audit = audit;
  }

  @Override
  public RetentionKind kind() {
    return RetentionKind.LOGS;
  }

  @Override
  public List<Thing> untold(String departmentId, Instant latest, int limit) {
    return jobs.untoldLogs(departmentId, latest, limit);
  }

  @Override
  @Transactional(propagation = Propagation.MANDATORY)
  public Removal remove(String departmentId, String jobId) {
    if (!jobs.lockWithLogs(departmentId, jobId)) return Removal.GONE;
    List<String> results = jobs.deleteLogs(jobId);
    files.deleteResults(departmentId, results);
    audit.write(
        "fine_tuning.job.logs.deleted",
        departmentId,
        jobId,
        Map.of("files", results, "reason", "retention"));
    return Removal.REMOVED;
  }
}
