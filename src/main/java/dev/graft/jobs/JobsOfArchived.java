package dev.graft.jobs;

import dev.graft.tenancy.Departments.DepartmentArchived;
import dev.graft.tenancy.Departments.DepartmentErasing;
import org.springframework.context.event.EventListener;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * Cancels what an archived department has in the queue and on workers, and takes the workers their
 * leases before it is erased.
 */
@Component
class JobsOfArchived {
  /** The reaper ends it as cancelled, by a new epoch: a worker that comes later writes nothing. */
  private static final String FENCE =
      """
      update job_lease set expires_at = graft_now() from job
       where job.id = job_lease.job_id and job.department_id = :department
         and job_lease.ended_at is null and job_lease.expires_at > graft_now()
      """;

  private final JobRows jobs;
  private final JobLedger ledger;
  private final JdbcClient sql;

  JobsOfArchived(JobRows jobs, JobLedger ledger, JdbcClient sql) {
    this.jobs = jobs;
    this.ledger = ledger;
    this.sql = sql;
  }

  /** In the transaction that archives: both commit, or neither. */
  @EventListener
  @Transactional(propagation = Propagation.MANDATORY)
  void cancel(DepartmentArchived archived) {
    cancel(archived.departmentId());
  }

  @EventListener
  @Transactional(propagation = Propagation.MANDATORY)
  void fence(DepartmentErasing erasing) {
    cancel(erasing.departmentId());
    sql.sql(FENCE).param("department", erasing.departmentId()).update();
  }

  private void cancel(String department) {
    jobs.unfinished(department)
        .forEach(job -> ledger.cancel(department, job, null, "its project was archived"));
  }
}
