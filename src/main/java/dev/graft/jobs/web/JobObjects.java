package dev.graft.jobs.web;

import dev.graft.jobs.JobState;
import dev.graft.jobs.queue.JobRow;
import dev.graft.jobs.standing.FairShareLedger;
import dev.graft.jobs.standing.QueuePlace;
import dev.graft.jobs.standing.QueueTurn;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.node.ObjectNode;

/** Jobs as clients see them. Of a page that has none that waits, nothing more is read. */
@Component
public class JobObjects {
  private final FairShareLedger ledger;

  public JobObjects(FairShareLedger ledger) {
    this.ledger = ledger;
  }

  public ObjectNode of(JobRow job) {
    return of(job.departmentId(), List.of(job)).getFirst();
  }

  /** Of one department. */
  List<ObjectNode> of(String department, List<JobRow> jobs) {
    boolean waits = jobs.stream().anyMatch(job -> job.state() == JobState.QUEUED);
    QueueTurn turn = waits ? ledger.turn(department) : null;
    return jobs.stream().map(job -> JobObject.of(job, place(job, turn))).toList();
  }

  private static @Nullable QueuePlace place(JobRow job, @Nullable QueueTurn turn) {
    return turn == null || job.state() != JobState.QUEUED ? null : QueuePlace.of(job, turn);
  }
}
