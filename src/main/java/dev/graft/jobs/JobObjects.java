package dev.graft.jobs;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.node.ObjectNode;

/** Jobs as clients see them. Of a page that has none that waits, nothing more is read. */
@Component
class JobObjects {
  private final FairShareLedger ledger;

  public JobObjects(FairShareLedger ledger) {
    this.ledger = ledger;
  }

  public ObjectNode of(JobRow job) {
    return of(List.of(job)).getFirst();
  }

  List<ObjectNode> of(List<JobRow> jobs) {
    Map<String, QueueTurn> turns = new HashMap<>();
    return jobs.stream().map(job -> JobObject.of(job, place(job, turns))).toList();
  }

  private @Nullable QueuePlace place(JobRow job, Map<String, QueueTurn> turns) {
    if (job.state() != JobState.QUEUED) return null;
    return QueuePlace.of(job, turns.computeIfAbsent(job.departmentId(), ledger::turn));
  }
}
