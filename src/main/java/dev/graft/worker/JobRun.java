package dev.graft.worker;

import dev.graft.artifacts.Digest;
import dev.graft.artifacts.StorageFull;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.Directive;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainingEvent;
import dev.graft.worker.RunPreparation.JobDirectory;
import dev.graft.worker.StopTimes.StopTime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * One lease, from the claim to its end. The device's thread prepares, starts and follows the
 * trainer; heartbeats and the drain stop it through {@link EarlyEnd}.
 */
final class JobRun implements Heartbeats.Listener {
  private static final Logger log = LoggerFactory.getLogger(JobRun.class);

  private final Lease lease;
  private final LeaseKey key;
  private final TrainerDevices.TrainerDevice on;
  private final LeaseProtocol protocol;
  private final RunTrace trace;
  private final RunTimes times;
  private final RunReporter.RunUse use;
  private final RunReporter.PendingReports reports;
  private final RunReporter reporter;
  private final RunCheckpoints.DirectoryUpload uploads;
  private final RunCheckpoints checkpoints;
  private final StopTime stopTime;
  private final EarlyEnd early;
  private final RunWatch watch;
  private volatile boolean draining;
  private final RunEnd.MemoryKills memoryKills = RunEnd.MemoryKills.ofThisMachine();
  private TrainingEvent.@Nullable Failed failed;
  private boolean memoryRanOut;
  private boolean lacksDisk;

  JobRun(
      Lease lease,
      TrainerDevices.TrainerDevice on,
      LeaseProtocol protocol,
      RunTimes times,
      StopTimes stopTimes,
      RunTrace trace) {
    this.lease = lease;
    this.key = lease.key();
    this.on = on;
    this.trace = trace;
    this.protocol = protocol;
    this.times = times;
    this.use = new RunReporter.RunUse(on.device(), on.meter(), System::nanoTime);
    this.reports = new RunReporter.PendingReports(use::news);
    this.reporter = new RunReporter(reports, use);
    this.uploads = new RunCheckpoints.DirectoryUpload(protocol, key);
    this.checkpoints = new RunCheckpoints(protocol, key, uploads, reporter);
    this.stopTime = new StopTime(stopTimes);
    this.early = new EarlyEnd(key.jobId(), stopTime, times.drainGrace());
    this.watch = new RunWatch(lease);
  }

  /** Runs the job. Heartbeats end last: after the result is confirmed or the job given back. */
  void run(RunPreparation preparation) throws InterruptedException {
    try (Heartbeats beats =
            new Heartbeats(protocol, lease, reports, times.reportEvery(), this, System.nanoTime())
                .start();
        watch;
        JobDirectory directory = preparation.directory(lease)) {
      watch.start();
      attempt(preparation, directory, beats);
    } catch (LeaseLost lost) {
      log.atInfo().addKeyValue("job", key.jobId()).log("lease_lost");
    } catch (LeaseRefused refused) {
      logRefused(refused);
    } catch (IOException e) {
      warn().addKeyValue("cause", e.getMessage()).log("job_directory_failed");
    } catch (UncheckedIOException unanswered) {
      warn().addKeyValue("cause", unanswered.getMessage()).log("left_unanswered");
    }
  }

  private void logRefused(LeaseRefused refused) {
    log.atError()
        .addKeyValue("job", key.jobId())
        .addKeyValue("cause", refused.getMessage())
        .log("server_refused");
  }

  private LoggingEventBuilder warn() {
    return log.atWarn().addKeyValue("job", key.jobId());
  }

  private void attempt(RunPreparation preparation, JobDirectory directory, Heartbeats beats)
      throws InterruptedException {
    try {
      RunRequest request = prepared(preparation, directory);
      TrainingFailure over = watch.over();
      if (over != null && !early.asked()) {
        end(over, beats);
        return;
      }
      if (request == null || early.asked()) {
        until(
            () -> {
              beats.flush();
              return lacksDisk ? decline() : give(key);
            });
        return;
      }
      try (Trainer trainer = started(directory)) {
        finish(train(request, trainer, beats), directory, beats);
      }
    } catch (IOException e) {
      warn().setCause(e).log("run_failed_here");
      end(failure("The worker could not read or write the files of the run"), beats);
    } catch (LeaseRefused refused) {
      logRefused(refused);
      end(failure("The server refused a request of the worker"), beats);
    }
  }

  private static TrainingFailure failure(String message) {
    return new TrainingFailure(TrainingFailure.Kind.TRANSIENT, message, null, null);
  }

  /** Returns whether this machine lacked disk space for the job. */
  boolean lacksDisk() {
    return lacksDisk;
  }

  /** Returns null if the run must end, or this machine lacks disk space: no attempt is counted. */
  private @Nullable RunRequest prepared(RunPreparation preparation, JobDirectory directory)
      throws IOException, InterruptedException {
    try {
      return until(
          () ->
              preparation.request(
                  lease, directory, on.device(), () -> early.asked() || watch.over() != null));
    } catch (RunPreparation.Stopped asked) {
      return null;
    } catch (StorageFull full) {
      lacksDisk = true;
      log.atError()
          .addKeyValue("job", key.jobId())
          .addKeyValue("cause", full.getMessage())
          .addKeyValue("cure", "free disk, or raise graft.worker.cache-size or lower keep-free")
          .log("disk_lacking");
      reporter.lacksDisk();
      return null;
    }
  }

  private Trainer started(JobDirectory directory) throws IOException {
    trace.starting();
    Trainer started = on.trainers().start(lease, directory.root(), directory.errors());
    log.atInfo()
        .addKeyValue("job", key.jobId())
        .addKeyValue("trainer", started.name())
        .log("trainer_started");
    return started;
  }

  private int train(RunRequest request, Trainer trainer, Heartbeats beats)
      throws IOException, InterruptedException {
    early.started(trainer);
    use.started(trainer.process());
    watch.started(trainer);
    long before = memoryKills.count();
    int status = trainer.follow(request, event -> heard(event, beats));
    trace.ended(status);
    watch.close(); // the limits do not include the time to send the result
    memoryRanOut = memoryKills.count() > before;
    return status;
  }

  private void heard(TrainingEvent event, Heartbeats beats) {
    trace.heard(event);
    watch.heard();
    stopTime.heard(event, System.nanoTime());
    switch (event) {
      case TrainingEvent.Started started ->
          reporter.started(started, !lease.checkpoints().isEmpty());
      case TrainingEvent.Planned plan -> reporter.planned(plan);
      case TrainingEvent.Progress progress -> reporter.progress(progress);
      case TrainingEvent.StepSkipped skipped -> reporter.skipped(skipped);
      case TrainingEvent.Evaluating begun -> reporter.evaluating();
      case TrainingEvent.Evaluated evaluation -> reporter.evaluation(evaluation);
      case TrainingEvent.Checkpoint checkpoint -> {
        checkpoints.commit(checkpoint, beats);
        stopTime.sent(System.nanoTime());
      }
      case TrainingEvent.Failed failure -> failed = failure;
      case TrainingEvent.Completed completed ->
          log.atInfo().addKeyValue("job", key.jobId()).log("trainer_completed");
    }
  }

  private void finish(int status, JobDirectory directory, Heartbeats beats)
      throws InterruptedException, IOException {
    TrainingFailure over = watch.over();
    TrainingFailure failure = over == null ? RunEnd.failure(status, failed, memoryRanOut) : over;
    if (RunEnd.done(status) && early.reason() != EarlyEnd.Reason.CANCEL) {
      reporter.peak();
      // The result stays on this machine until the server has confirmed it.
      Digest manifest = until(() -> uploads.directory(directory.output()));
      until(
          () -> {
            beats.flush();
            protocol.complete(key, manifest);
            return key;
          });
    } else if (failure == null || early.asked()) {
      long patience = System.nanoTime() + times.drainGrace().toNanos();
      until(
          () -> {
            if (early.reason() != EarlyEnd.Reason.CANCEL) checkpoints.sendLast(patience, beats);
            beats.flush();
            return give(key);
          });
    } else {
      warn()
          .addKeyValue("status", status)
          .addKeyValue("errors", RunEnd.TrainerErrors.loggable(directory.errors()))
          .log("trainer_failed");
      end(failure, beats);
    }
  }

  private LeaseKey decline() {
    protocol.decline(key);
    return key;
  }

  private LeaseKey give(LeaseKey lease) {
    protocol.release(lease);
    return lease;
  }

  private void end(TrainingFailure failure, Heartbeats beats) throws InterruptedException {
    try {
      until(
          () -> {
            beats.flush();
            protocol.fail(key, failure);
            return key;
          });
    } catch (IOException local) {
      throw new UncheckedIOException(local);
    }
  }

  /** An action that may be repeated until the server has answered. */
  private interface Repeatable<T> {
    T run() throws IOException;
  }

  /**
   * Repeats an action while the server cannot be reached. This is safe even when the lease is no
   * longer trusted, because the server's fence decides. A worker that shuts down does not wait.
   */
  private <T> T until(Repeatable<T> action) throws IOException, InterruptedException {
    while (true) {
      try {
        return action.run();
      } catch (UncheckedIOException unanswered) {
        if (draining && early.reason() == EarlyEnd.Reason.LOST) throw unanswered;
        warn().addKeyValue("cause", unanswered.getMessage()).log("server_unanswered");
        Thread.sleep(times.retryWait());
      }
    }
  }

  @Override
  public void directed(Directive directive) {
    switch (directive) {
      case Directive.Continue go -> {}
      case Directive.Checkpoint checkpoint -> early.checkpoint();
      case Directive.CheckpointAndRelease release -> early.ask(EarlyEnd.Reason.RELEASE);
      case Directive.Cancel cancel -> early.ask(EarlyEnd.Reason.CANCEL);
    }
  }

  @Override
  public void lost() {
    early.ask(EarlyEnd.Reason.LOST);
  }

  /** Gives the job back after a checkpoint, because the worker shuts down. */
  void drain() {
    draining = true;
    early.ask(EarlyEnd.Reason.RELEASE);
  }

  /** Ends a run early: keeps the strongest reason, and passes it to the trainer. */
  static final class EarlyEnd {
    private static final Logger log = LoggerFactory.getLogger(EarlyEnd.class);
    private static final Duration CANCEL_GRACE = Duration.ofSeconds(10);

    /** Weakest first. */
    enum Reason {
      NONE,
      RELEASE,
      CANCEL,
      LOST
    }

    private final String job;
    private final StopTime stopTime;
    private final Duration drainGrace;
    private Reason reason = Reason.NONE;
    private @Nullable Trainer trainer;

    EarlyEnd(String job, StopTime stopTime, Duration drainGrace) {
      this.job = job;
      this.stopTime = stopTime;
      this.drainGrace = drainGrace;
    }

    synchronized void ask(Reason now) {
      if (now.compareTo(reason) <= 0) return;
      reason = now;
      if (trainer != null) stop(trainer);
    }

    synchronized void started(Trainer process) {
      trainer = process;
      stop(process);
    }

    /** Asks a running trainer for a checkpoint, after which it continues. */
    synchronized void checkpoint() {
      if (trainer != null) trainer.send(TrainerDirective.CHECKPOINT);
    }

    synchronized Reason reason() {
      return reason;
    }

    boolean asked() {
      return reason() != Reason.NONE;
    }

    private void stop(Trainer running) {
      switch (reason) {
        case NONE -> {}
        case RELEASE -> {
          running.send(TrainerDirective.STOP_AFTER_CHECKPOINT);
          Duration limit = stopTime.limit(drainGrace);
          if (limit != null) running.killAfter(limit);
          log.atInfo()
              .addKeyValue("job", job)
              .addKeyValue("trainer", running.name())
              .addKeyValue("limit", limit == null ? "none, it writes its result" : limit)
              .log("trainer_stopping");
        }
        case CANCEL -> {
          running.send(TrainerDirective.CANCEL);
          running.killAfter(CANCEL_GRACE);
        }
        case LOST -> running.leave();
      }
    }
  }

  /**
   * Ends a trainer that exceeds the time limit of its job, or has sent no event for too long: a
   * call of the device's driver that never returns would hold the device forever. It checks on a
   * thread of its own, by the monotonic clock, from the claim to the end of the trainer.
   */
  static final class RunWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RunWatch.class);
    private static final long LOOK_MS = 500;

    private final Lease lease;
    private final Lease.RunLimits limits;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final long begun = System.nanoTime();
    private long heard;
    private @Nullable Trainer trainer;
    private @Nullable TrainingFailure over;

    RunWatch(Lease lease) {
      this.lease = lease;
      this.limits = lease.limits();
    }

    void start() {
      Thread.ofPlatform().daemon().name("limits " + lease.key().jobId()).start(this::look);
    }

    /** Events are expected from here on, unless a cluster may let the trainer wait. */
    synchronized void started(Trainer process) {
      trainer = process;
      if (!process.waits()) heard();
      if (over != null) process.kill();
    }

    synchronized void heard() {
      heard = System.nanoTime();
    }

    /** Returns why the run must end; null while it need not. */
    synchronized @Nullable TrainingFailure over() {
      return over;
    }

    @Override
    public void close() {
      closed.countDown();
    }

    private void look() {
      try {
        while (!closed.await(LOOK_MS, TimeUnit.MILLISECONDS) && over() == null) check();
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
      }
    }

    private void check() {
      long now = System.nanoTime();
      TrainingFailure exceeded = exceeded(now);
      if (exceeded == null) return;
      log.atWarn()
          .addKeyValue("job", lease.key().jobId())
          .addKeyValue("cause", exceeded.message())
          .log("run_over_its_limit");
      Trainer running = over(exceeded);
      if (running == null) return;
      if (exceeded.kind() == TrainingFailure.Kind.NO_PROGRESS) running.dumpThreads();
      running.kill();
    }

    private synchronized @Nullable Trainer over(TrainingFailure exceeded) {
      over = exceeded;
      return trainer;
    }

    private synchronized @Nullable TrainingFailure exceeded(long now) {
      Long longest = limits.maxRunMs();
      if (longest != null && millis(now - begun) >= longest) {
        return new TrainingFailure(
            TrainingFailure.Kind.TIME_LIMIT,
            "The job ran longer than its max_run_seconds",
            null,
            null);
      }
      Long silence = limits.noProgressMs();
      if (silence != null && heard != 0 && millis(now - heard) >= silence) {
        return new TrainingFailure(
            TrainingFailure.Kind.NO_PROGRESS,
            "The trainer made no step for %d s, its no_progress_seconds"
                .formatted(TimeUnit.MILLISECONDS.toSeconds(silence)),
            null,
            null);
      }
      return null;
    }

    private static long millis(long nanos) {
      return TimeUnit.NANOSECONDS.toMillis(nanos);
    }
  }

  /**
   * The intervals of a run.
   *
   * @param reportEvery how often progress is reported
   * @param drainGrace how long a run may take to stop, at least, see {@link StopTime}
   * @param retryWait pause after a call that the server did not answer
   */
  record RunTimes(Duration reportEvery, Duration drainGrace, Duration retryWait) {}
}
