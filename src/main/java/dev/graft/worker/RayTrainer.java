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

/** A run on a Ray cluster, submitted or adopted, which is followed by its files. */
final class RayTrainer implements Trainer {
  private static final Logger log = LoggerFactory.getLogger(RayTrainer.class);

  /** The status of a killed process, which does not count against the job. */
  static final int KILLED = 128 + 9;

  /** How many checks of the files there are for each call of the cluster. */
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
              "The Ray cluster refused to run this job; ask the operator",
              null));
      return TrainerExit.TRANSIENT.status();
    }
  }

  /** Begins the run; null if it must end before. Waits for a cluster that does not answer. */
  private @Nullable SharedRun begun(RunRequest request, Consumer<TrainingEvent> events)
      throws IOException, InterruptedException {
    OlderRuns older = new OlderRuns(jobs, cluster.shared());
    while (!left && !killed && !ends()) {
      try {
        SharedRun run = settled(older, request, events);
        if (!run.id().equals(id)) return run;
        if (left || killed || ends()) continue; // this may have taken long
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
   * Returns an earlier run that continues under this lease, or this lease's own run with its files.
   * Waits until an earlier run is cleaned up.
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

  /** Stops the run by its directory too, which it reads even if the cluster's head is away. */
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

  /**
   * Reads the files once more, because the last events may have come before the cluster's answer.
   */
  private int afterItsEnd(FollowedRun follows, SharedRun run, Optional<RayJobs.RayJob> job)
      throws IOException {
    OptionalInt end = follows.look();
    if (end.isPresent()) return end.getAsInt();
    String state =
        job.map(each -> each.status() + ": " + each.message()).orElse("not known to Ray");
    // The lines after the first may have output of the run.
    log.atWarn()
        .addKeyValue("submission", run.id())
        .addKeyValue("cause", state.lines().findFirst().orElse(""))
        .log("ray_job_died");
    Files.writeString(
        errors,
        state + "\n" + (job.isPresent() ? logs(run.id()) : ""),
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

  /** A run may wait for devices of its cluster. */
  @Override
  public boolean waits() {
    return true;
  }

  @Override
  public String name() {
    return "Ray job " + id;
  }

  /** Deletes the run's directory when the cluster has ended it, without waiting for that. */
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
   * A checkpoint that an older run made while no worker followed it, such as the one before it ran
   * out of patience. It is reported and sent as any other, and the new run continues from it.
   */
  static final class LeftCheckpoint {
    private static final Logger log = LoggerFactory.getLogger(LeftCheckpoint.class);

    /** The newest step whose files this worker has. */
    private int newest;

    private LeftCheckpoint(int committed) {
      newest = committed;
    }

    /**
     * Returns the request, which continues from the newest checkpoint that is left.
     *
     * @param ended earlier runs, the newest first
     * @param committed step of the newest checkpoint that the server has; 0 = none
     * @param events receives the events of the run from which it continues
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

    /** Excludes runs that failed: the new run will report the failure if it happens again. */
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
   * Directories of runs to which no lease returns, because their jobs were cancelled or deleted
   * while no worker had them. They are deleted when no worker has followed them for a day and the
   * cluster no longer runs them.
   */
  static final class LeftRuns {
    private static final Logger log = LoggerFactory.getLogger(LeftRuns.class);
    private static final Duration UNFOLLOWED = Duration.ofDays(1);

    private LeftRuns() {}

    /** Leaves directories that cannot be read for the next time. */
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

    /** Returns the time of the file system, which the ages of files refer to. */
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
   * Runs of a job under earlier leases: those that the cluster knows, and those that it has
   * forgotten but whose directory exists. The newest run that continues or is done is adopted,
   * because the new lease would repeat it. All others end before a new run begins.
   */
  record OlderRuns(RayJobs jobs, Path shared) {
    private static final Logger log = LoggerFactory.getLogger(OlderRuns.class);
    private static final Duration TO_END = Duration.ofSeconds(60);
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);

    private static final Comparator<SubmissionId> NEWEST_FIRST =
        Comparator.comparingLong(SubmissionId::epoch).reversed().thenComparing(SubmissionId::job);

    /**
     * @param adopted the run that continues under the new lease; null = there is none
     * @param ended all others, the newest first, whose directories must be deleted
     */
    record Settled(@Nullable SharedRun adopted, List<SharedRun> ended) {}

    /**
     * @param adopts false = no run may continue, because the new one has other settings
     * @throws RayJobs.RayRefused if an older run does not end
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

    /** Returns whether the cluster reports within a minute that the run has ended. */
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
