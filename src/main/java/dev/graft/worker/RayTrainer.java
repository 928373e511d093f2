package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalInt;
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
  private final SubmissionId id;
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
    this.id = SubmissionId.of(lease.key());
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
        Optional<RayJob> job = jobs.find(run.id());
        answered = System.nanoTime();
        silent = false;
        if (job.map(RayJob::ended).orElse(true)) return afterItsEnd(follows, run, job);
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
  private int afterItsEnd(FollowedRun follows, SharedRun run, Optional<RayJob> job)
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

  private String logs(SubmissionId of) {
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
}
