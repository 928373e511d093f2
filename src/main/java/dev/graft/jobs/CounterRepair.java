package dev.graft.jobs;

import dev.graft.tenancy.AuditLog;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.stereotype.Service;
import org.springframework.transaction.support.TransactionTemplate;

/** Sets counters of running jobs right, and writes each into the log and the audit log. */
@Service
class CounterRepair {
  private static final Logger log = LoggerFactory.getLogger(CounterRepair.class);

  private final RunningCounters counters;
  private final TransactionTemplate transaction;
  private final AuditLog audit;

  CounterRepair(RunningCounters counters, TransactionTemplate transaction, AuditLog audit) {
    this.counters = counters;
    this.transaction = transaction;
    this.audit = audit;
  }

  public void repair() {
    for (String department : counters.wrong()) {
      transaction.executeWithoutResult(
          status -> counters.repair(department).ifPresent(done -> told(department, done)));
    }
  }

  private void told(String department, RunningCounters.Repaired done) {
    audit.write(
        "project.running_jobs.repaired",
        null,
        department,
        department,
        Map.of("counted", done.counted(), "running", done.running()));
    try (var _ = MDC.putCloseable("department", department)) {
      log.atWarn()
          .addKeyValue("counted", done.counted())
          .addKeyValue("running", done.running())
          .log("running_counter_repaired");
    }
  }
}
