package dev.graft.worker.ray;

import dev.graft.training.protocol.TrainerDirective;
import dev.graft.training.protocol.TrainerExit;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs of a job under earlier leases. The newest that goes on, or is done, is what the new lease
 * would make again: it is adopted. Every other ends before another run begins.
 */
final class OlderRuns {
  private static final Logger log = LoggerFactory.getLogger(OlderRuns.class);
  private static final Duration TO_END = Duration.ofSeconds(60);
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);

  private final RayJobs jobs;
  private final Path shared;

  OlderRuns(RayJobs jobs, Path shared) {
    this.jobs = jobs;
    this.shared = shared;
  }

  /**
   * The run that goes on under the new lease, with all others ended; empty if there is none.
   *
   * @param adopts false = none may go on: the new run is to be made otherwise
   * @throws RayRefused if an older one does not end
   */
  Optional<SharedRun> settled(SubmissionId now, boolean adopts)
      throws IOException, InterruptedException {
    List<RayJob> older =
        jobs.all().stream()
            .filter(
                each ->
                    SubmissionId.read(each.submissionId()).filter(id -> id.before(now)).isPresent())
            .sorted(Comparator.comparingLong((RayJob each) -> id(each).epoch()).reversed())
            .toList();
    Optional<SharedRun> adopted = Optional.empty();
    for (RayJob each : older) {
      SharedRun run = SharedRun.of(shared, id(each));
      if (adopts && adopted.isEmpty() && usable(each, run)) {
        log.atInfo().addKeyValue("submission", run.id()).log("run_adopted");
        adopted = Optional.of(run);
      } else {
        end(each, run);
      }
    }
    return adopted;
  }

  private static SubmissionId id(RayJob job) {
    return SubmissionId.read(job.submissionId()).orElseThrow();
  }

  private static boolean usable(RayJob job, SharedRun run) throws IOException {
    if (!run.exists()) return false;
    var end = run.end();
    return end.isPresent() ? end.getAsInt() == TrainerExit.DONE.status() : !job.ended();
  }

  private void end(RayJob job, SharedRun run) throws IOException, InterruptedException {
    if (!job.ended()) {
      log.atInfo().addKeyValue("submission", run.id()).log("older_run_stopping");
      if (run.exists()) run.direct(TrainerDirective.CANCEL);
      jobs.stop(run.id());
    }
    if (!awaitEnd(jobs, run.id())) {
      throw new RayRefused("the Ray job %s does not end".formatted(run.id()));
    }
    run.delete();
  }

  /** Whether the cluster says within a minute that it has ended. */
  static boolean awaitEnd(RayJobs jobs, SubmissionId id) throws InterruptedException {
    long until = System.nanoTime() + TO_END.toNanos();
    while (jobs.find(id).map(each -> !each.ended()).orElse(false)) {
      if (System.nanoTime() - until >= 0) return false;
      Thread.sleep(LOOK_EVERY);
    }
    return true;
  }
}
