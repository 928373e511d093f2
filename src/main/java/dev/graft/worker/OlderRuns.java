package dev.graft.worker;

import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainerExit;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs of a job under earlier leases: those that the cluster knows, and those whose directory is
 * left while it has forgotten them. The newest that goes on, or is done, is what the new lease
 * would make again: it is adopted. Every other ends before another run begins.
 */
final class OlderRuns {
  private static final Logger log = LoggerFactory.getLogger(OlderRuns.class);
  private static final Duration TO_END = Duration.ofSeconds(60);
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);

  private static final Comparator<SubmissionId> NEWEST_FIRST =
      Comparator.comparingLong(SubmissionId::epoch).reversed().thenComparing(SubmissionId::job);

  private final RayJobs jobs;
  private final Path shared;

  OlderRuns(RayJobs jobs, Path shared) {
    this.jobs = jobs;
    this.shared = shared;
  }

  /**
   * @param adopted the run that goes on under the new lease; null = there is none
   * @param ended all others, the newest first, whose directories are to be deleted
   */
  record Settled(@Nullable SharedRun adopted, List<SharedRun> ended) {}

  /**
   * @param adopts false = none may go on: the new run is to be made otherwise
   * @throws RayRefused if an older one does not end
   */
  Settled settled(SubmissionId now, boolean adopts) throws IOException, InterruptedException {
    Map<SubmissionId, Optional<RayJob>> older = new TreeMap<>(NEWEST_FIRST);
    for (SharedRun run : SharedRun.all(shared)) older.put(run.id(), Optional.empty());
    for (RayJob job : jobs.all()) {
      SubmissionId.read(job.submissionId()).ifPresent(id -> older.put(id, Optional.of(job)));
    }
    SharedRun adopted = null;
    List<SharedRun> ended = new ArrayList<>();
    for (Map.Entry<SubmissionId, Optional<RayJob>> each : older.entrySet()) {
      if (!each.getKey().before(now)) continue;
      SharedRun run = SharedRun.of(shared, each.getKey());
      boolean goesOn = each.getValue().map(job -> !job.ended()).orElse(false);
      if (adopts && adopted == null && usable(run, goesOn)) {
        log.atInfo().addKeyValue("submission", run.id()).log("run_adopted");
        adopted = run;
      } else {
        end(run, goesOn);
        ended.add(run);
      }
    }
    return new Settled(adopted, ended);
  }

  private static boolean usable(SharedRun run, boolean goesOn) throws IOException {
    if (!run.exists()) return false;
    OptionalInt end = run.end();
    return end.isPresent() ? end.getAsInt() == TrainerExit.DONE.status() : goesOn;
  }

  private void end(SharedRun run, boolean goesOn) throws IOException, InterruptedException {
    if (goesOn) {
      log.atInfo().addKeyValue("submission", run.id()).log("older_run_stopping");
      if (run.exists()) run.direct(TrainerDirective.CANCEL);
      jobs.stop(run.id());
    }
    if (!awaitEnd(jobs, run.id())) {
      throw new RayRefused("the Ray job %s does not end".formatted(run.id()));
    }
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
