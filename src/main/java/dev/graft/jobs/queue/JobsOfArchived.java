package dev.graft.jobs.queue;

import dev.graft.tenancy.DepartmentArchived;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Cancels what an archived department has in the queue and on workers. */
@Component
class JobsOfArchived {
  private final JobRows jobs;
  private final JobLedger ledger;

  JobsOfArchived(JobRows jobs, JobLedger ledger) {
    this.jobs = jobs;
    this.ledger = ledger;
  }

  /** In the transaction that archives: both commit, or neither. */
  @EventListener
  @Transactional(propagation = Propagation.MANDATORY)
  void cancel(DepartmentArchived archived) {
    jobs.unfinished(archived.departmentId())
        .forEach(
            job -> ledger.cancel(archived.departmentId(), job, null, "its project was archived"));
  }
}
