package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import dev.graft.worker.RayJobs.RayRefused;
import dev.graft.worker.RayJobs.SubmissionId;
import dev.graft.worker.SharedRun.FollowedRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run as a job of a Ray cluster, submitted or adopted, and followed by its files. */
final class RayTrainer implements Trainer {
  private static final Logger log = LoggerFactory.getLogger(RayTrainer.class);

  /** As of a process that was killed: no verdict on the job. */
  static final int KILLED = 128 + 9;

  /** The cluster is asked at every so many looks at the files. */
  private static final int ASKED_EVERY = 3;

  private static final int LOG_TAIL = 8192;

  private final RayTrainers cluster;
  private final RayJobs jobs;
  private final Lease lease;
  private final RayJobs.SubmissionId id;
  private final Path errors;
  private final LinkedBlockingQueue<TrainerDirective> asked = new LinkedBlockingQueue<>();
  private volatile boolean killed;
  private volatile boolean left;
  private @Nullable SharedRun followed;
  private boolean ended;

  RayTrainer(RayTrainers cluster, Lease lease, Path errors) {
    this.cluster = cluster;
    this.jobs = cluster.jobs();
    this.lease = lease;
    this.id = RayJobs.SubmissionId.of(lease.key());
    this.errors = errors;
  }

  @Override
  public int follow(RunRequest request, Consumer<TrainingEvent> events)
      throws IOException, InterruptedException {
    try {
      SharedRun run = begun(request, events);
      if (run == null) return endedBefore();
      followed = run;
      int status = followed(run, request, events);
      ended = !left;
      return status;
    } catch (RayRefused refused) {
      log.atError()
          .addKeyValue("submission", id)
          .addKeyValue("cause", refused.getMessage())
          .log("ray_refused");
      events.accept(
          new TrainingEvent.Failed(
              TrainerExit.TRANSIENT,
              "the Ray cluster cannot run this job; ask the operator",
              null));
      return TrainerExit.TRANSIENT.status();
    }
  }

  /** Null if it is to end before it has begun. Waits for a cluster that does not answer. */
  private @Nullable SharedRun begun(RunRequest request, Consumer<TrainingEvent> events)
      throws IOException, InterruptedException {
    OlderRuns older = new OlderRuns(jobs, cluster.shared());
    while (!left && !killed && !ends()) {
      try {
        SharedRun run = settled(older, request, events);
        if (!run.id().equals(id)) return run;
        if (left || killed || ends()) continue; // that may have taken its time
        cluster.submit(run, lease.devices());
        log.atInfo().addKeyValue("submission", id).log("run_submitted");
        return run;
      } catch (UncheckedIOException unanswered) {
        log.atWarn()
            .addKeyValue("submission", id)
            .addKeyValue("cause", unanswered.getMessage())
            .log("ray_unanswered");
        Thread.sleep(cluster.settings().poll());
      }
    }
    return null;
  }

  /**
   * The run that goes on under this lease, or this lease's own, laid out. Not while a run before it
   * is tidied up.
   */
  private SharedRun settled(OlderRuns older, RunRequest request, Consumer<TrainingEvent> events)
      throws IOException, InterruptedException {
    synchronized (cluster) {
      OlderRuns.Settled settled = older.settled(id, !lease.frugal());
      SharedRun run = settled.adopted();
      if (run == null) {
        run = SharedRun.of(cluster.shared(), id);
        if (!run.exists()) {
          run.lay(LeftCheckpoint.goOn(settled.ended(), request, committed(), events));
        }
      }
      for (SharedRun each : settled.ended()) each.delete();
      return run;
    }
  }

  private int committed() {
    return lease.checkpoints().isEmpty() ? 0 : lease.checkpoints().getFirst().step();
  }

  private boolean ends() {
    return asked.stream().anyMatch(each -> each != TrainerDirective.CHECKPOINT);
  }

  private int endedBefore() {
    if (left || killed) return KILLED;
    return asked.contains(TrainerDirective.CANCEL)
        ? TrainerExit.CANCELLED.status()
        : TrainerExit.STOPPED_AFTER_CHECKPOINT.status();
  }

  private int followed(SharedRun run, RunRequest request, Consumer<TrainingEvent> events)
      throws IOException, InterruptedException {
    FollowedRun follows = new FollowedRun(run, request, events);
    long answered = System.nanoTime();
    boolean silent = false;
    for (long look = 1; ; look++) {
      if (left) return KILLED;
      if (killed) {
        stop(run);
        return KILLED;
      }
      run.beat(System.nanoTime());
      TrainerDirective directive =
          asked.poll(cluster.settings().poll().toMillis(), TimeUnit.MILLISECONDS);
      if (directive != null) run.direct(directive);
      OptionalInt end = follows.look();
      if (end.isPresent()) return end.getAsInt();
      if (look % ASKED_EVERY != 0) continue;
      try {
        Optional<RayJobs.RayJob> job = jobs.find(run.id());
        answered = System.nanoTime();
        silent = false;
        if (job.map(RayJobs.RayJob::ended).orElse(true)) return afterItsEnd(follows, run, job);
      } catch (UncheckedIOException unanswered) {
        if (!silent) log.atWarn().addKeyValue("submission", run.id()).log("ray_unanswered");
        silent = true;
        long waited = System.nanoTime() - answered;
        if (waited >= cluster.settings().patience().toNanos()) return KILLED;
      }
    }
  }

  /** A run whose head is away still looks into its directory. */
  private void stop(SharedRun run) throws IOException {
    run.direct(TrainerDirective.CANCEL);
    try {
      jobs.stop(run.id());
    } catch (UncheckedIOException | RayRefused later) {
      log.atWarn()
          .addKeyValue("submission", run.id())
          .addKeyValue("cause", later.getMessage())
          .log("ray_job_not_stopped");
    }
  }

  /** Its last words may have come between the look at its files and the cluster's answer. */
  private int afterItsEnd(FollowedRun follows, SharedRun run, Optional<RayJobs.RayJob> job)
      throws IOException {
    OptionalInt end = follows.look();
    if (end.isPresent()) return end.getAsInt();
    String said = job.map(each -> each.status() + ": " + each.message()).orElse("not known to Ray");
    // In the lines after the first are the last ones of the run.
    log.atWarn()
        .addKeyValue("submission", run.id())
        .addKeyValue("cause", said.lines().findFirst().orElse(""))
        .log("ray_job_died");
    Files.writeString(
        errors,
        said + "\n" + (job.isPresent() ? logs(run.id()) : ""),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    return KILLED;
  }

  private String logs(RayJobs.SubmissionId of) {
    try {
      String all = jobs.logs(of);
      return all.substring(Math.max(0, all.length() - LOG_TAIL));
    } catch (UncheckedIOException | RayRefused none) {
      return "";
    }
  }

  @Override
  public void send(TrainerDirective directive) {
    asked.add(directive);
  }

  @Override
  public void kill() {
    killed = true;
  }

  @Override
  public void leave() {
    left = true;
  }

  /** For devices of its cluster. */
  @Override
  public boolean waits() {
    return true;
  }

  @Override
  public String name() {
    return "Ray job " + id;
  }

  /** The run's directory goes when the cluster has ended it; not awaited, the lease is over. */
  @Override
  public void close() {
    SharedRun run = followed;
    if (run == null || !ended) return;
    Thread.ofVirtual().name("tidy " + run.id()).start(() -> tidy(run));
  }

  private void tidy(SharedRun run) {
    try {
      if (!OlderRuns.awaitEnd(jobs, run.id())) jobs.stop(run.id());
      if (!OlderRuns.awaitEnd(jobs, run.id())) return;
      synchronized (cluster) {
        run.delete();
        LeftRuns.delete(jobs, cluster.shared());
      }
    } catch (IOException | UncheckedIOException | RayRefused later) {
      log.atWarn()
          .addKeyValue("submission", run.id())
          .addKeyValue("cause", later.getMessage())
          .log("run_directory_left");
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * A checkpoint that an older run made while nobody followed it, as the one before its end by
   * patience. It is told and sent as if somebody had, and the new run goes on from it.
   */
  static final class LeftCheckpoint {
    private static final Logger log = LoggerFactory.getLogger(LeftCheckpoint.class);

    /** The newest step of which this worker has the files. */
    private int newest;

    private LeftCheckpoint(int committed) {
      newest = committed;
    }

    /**
     * The request, going on from what is left.
     *
     * @param ended runs before this one, the newest first
     * @param committed step of the newest checkpoint that the server has; 0 = none
     * @param events hears what the run that is gone on from has told
     */
    static RunRequest goOn(
        List<SharedRun> ended, RunRequest request, int committed, Consumer<TrainingEvent> events)
        throws IOException {
      for (SharedRun run : ended) {
        if (!stopped(run) || SharedRun.RunFiles.newestCheckpoint(run.checkpoints()) <= committed)
          continue;
        LeftCheckpoint left = new LeftCheckpoint(committed);
        new FollowedRun(run, request, event -> left.hand(event, events)).look();
        if (left.newest == committed) continue;
        log.atInfo()
            .addKeyValue("submission", run.id())
            .addKeyValue("step", left.newest)
            .log("left_checkpoint_used");
        return resuming(request, left.newest);
      }
      return request;
    }

    /** Not one that failed: what it ends with is told by the run that meets it again. */
    private static boolean stopped(SharedRun run) throws IOException {
      OptionalInt end = run.end();
      return run.exists()
          && (end.isEmpty()
              || end.getAsInt() == TrainerExit.STOPPED_AFTER_CHECKPOINT.status()
              || end.getAsInt() == RayTrainer.KILLED);
    }

    private static RunRequest resuming(RunRequest request, int step) {
      RunRequest.Directories ours = request.directories();
      return new RunRequest(
          request.adapter(),
          request.seed(),
          request.base(),
          request.data(),
          new RunRequest.Directories(
              ours.output(),
              ours.checkpoints(),
              SharedRun.RunFiles.checkpoint(ours.checkpoints(), step),
              ours.tokens()),
          request.parent(),
          request.machine());
    }

    private void hand(TrainingEvent event, Consumer<TrainingEvent> events) {
      if (event instanceof TrainingEvent.Checkpoint checkpoint) {
        newest = Math.max(newest, Math.toIntExact(checkpoint.step()));
      }
      events.accept(event);
    }
  }

  /**
   * Directories of runs that no lease will come back to: their jobs were cancelled or deleted while
   * no worker had them. They go when nobody has followed them for a day and the cluster runs them
   * no more.
   */
  static final class LeftRuns {
    private static final Logger log = LoggerFactory.getLogger(LeftRuns.class);
    private static final Duration UNFOLLOWED = Duration.ofDays(1);

    private LeftRuns() {}

    /** What cannot be looked at stays for the next time. */
    static void delete(RayJobs jobs, Path shared) {
      try {
        SharedRun.deleteRests(shared);
        FileTime now = now(shared);
        for (SharedRun each : SharedRun.all(shared)) {
          if (!old(each.root(), now)) continue;
          if (jobs.find(each.id()).map(job -> !job.ended()).orElse(false)) continue;
          each.delete();
          log.atInfo().addKeyValue("submission", each.id()).log("left_run_deleted");
        }
      } catch (IOException | UncheckedIOException | RayJobs.RayRefused later) {
        log.atWarn().addKeyValue("cause", later.getMessage()).log("left_runs_kept");
      }
    }

    private static boolean old(Path run, FileTime now) throws IOException {
      Path alive = run.resolve("alive");
      FileTime followed = Files.getLastModifiedTime(Files.exists(alive) ? alive : run);
      return followed.toInstant().plus(UNFOLLOWED).isBefore(now.toInstant());
    }

    /** As the file system tells it, by which the ages of files are measured. */
    private static FileTime now(Path shared) throws IOException {
      Path touched = Files.createTempFile(shared, "now-", "");
      try {
        return Files.getLastModifiedTime(touched);
      } finally {
        Files.delete(touched);
      }
    }
  }

  /**
   * Runs of a job under earlier leases: those that the cluster knows, and those whose directory is
   * left while it has forgotten them. The newest that goes on, or is done, is what the new lease
   * would make again: it is adopted. Every other ends before another run begins.
   */
  static final class OlderRuns {
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
     * @throws RayJobs.RayRefused if an older one does not end
     */
    Settled settled(SubmissionId now, boolean adopts) throws IOException, InterruptedException {
      Map<SubmissionId, Optional<RayJobs.RayJob>> older = new TreeMap<>(NEWEST_FIRST);
      for (SharedRun run : SharedRun.all(shared)) older.put(run.id(), Optional.empty());
      for (RayJobs.RayJob job : jobs.all()) {
        SubmissionId.read(job.submissionId()).ifPresent(id -> older.put(id, Optional.of(job)));
      }
      SharedRun adopted = null;
      List<SharedRun> ended = new ArrayList<>();
      for (Map.Entry<SubmissionId, Optional<RayJobs.RayJob>> each : older.entrySet()) {
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
        throw new RayJobs.RayRefused("the Ray job %s does not end".formatted(run.id()));
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
}
