package dev.graft.worker;

import dev.graft.artifacts.Digest;
import dev.graft.artifacts.StorageFull;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Directive;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.LeaseKey;
import dev.graft.jobs.lease.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseRefused;
import dev.graft.jobs.lease.TrainingFailure;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * One lease, from the claim to its end. The device's thread prepares, starts and follows the
 * trainer; heartbeats and the drain speak to it through {@link EarlyEnd}.
 */
final class JobRun implements Heartbeats.Listener {
  private static final Logger log = LoggerFactory.getLogger(JobRun.class);

  private final Lease lease;
  private final LeaseKey key;
  private final Device device;
  private final LeaseProtocol protocol;
  private final RunTimes times;
  private final RunUse use;
  private final PendingReports reports;
  private final RunReporter told;
  private final DirectoryUpload uploads;
  private final RunCheckpoints checkpoints;
  private final StopTime stopTime;
  private final EarlyEnd early;
  private final RunWatch watch;
  private volatile boolean draining;
  private final MemoryKills memoryKills = MemoryKills.ofThisMachine();
  private TrainingEvent.@Nullable Failed failed;
  private boolean memoryRanOut;
  private boolean lacksDisk;

  public JobRun(
      Lease lease,
      Device device,
      DeviceMeter meter,
      LeaseProtocol protocol,
      RunTimes times,
      StopTimes stopTimes) {
    this.lease = lease;
    this.key = lease.key();
    this.device = device;
    this.protocol = protocol;
    this.times = times;
    this.use = new RunUse(device, meter, System::nanoTime);
    this.reports = new PendingReports(use::news);
    this.told = new RunReporter(reports, use);
    this.uploads = new DirectoryUpload(protocol, key);
    this.checkpoints = new RunCheckpoints(protocol, key, uploads, told);
    this.stopTime = new StopTime(stopTimes);
    this.early = new EarlyEnd(key.jobId(), stopTime, times.drainGrace());
    this.watch = new RunWatch(lease);
  }

  /** Heartbeats end last: after the result is confirmed or the job given back. */
  public void run(RunPreparation preparation, Trainers trainers) throws InterruptedException {
    try (Heartbeats beats =
            Heartbeats.start(
                protocol, lease, reports, times.reportEvery(), this, System.nanoTime());
        watch;
        JobDirectory directory = preparation.directory(lease)) {
      watch.start();
      attempt(preparation, trainers, directory, beats);
    } catch (LeaseLost lost) {
      log.atInfo().addKeyValue("job", key.jobId()).log("lease_lost");
    } catch (LeaseRefused refused) {
      tell(refused);
    } catch (IOException e) {
      warn().addKeyValue("cause", e.getMessage()).log("job_directory_failed");
    } catch (UncheckedIOException unanswered) {
      warn().addKeyValue("cause", unanswered.getMessage()).log("left_unanswered");
    }
  }

  private void tell(LeaseRefused refused) {
    log.atError()
        .addKeyValue("job", key.jobId())
        .addKeyValue("cause", refused.getMessage())
        .log("server_refused");
  }

  private LoggingEventBuilder warn() {
    return log.atWarn().addKeyValue("job", key.jobId());
  }

  private void attempt(
      RunPreparation preparation, Trainers trainers, JobDirectory directory, Heartbeats beats)
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
      try (Trainer trainer = started(trainers, directory)) {
        finish(train(request, trainer, beats), directory, beats);
      }
    } catch (IOException e) {
      warn().setCause(e).log("run_failed_here");
      end(failure("The worker could not read or write the files of the run"), beats);
    } catch (LeaseRefused refused) {
      tell(refused);
      end(failure("The server refused what the worker asked or sent"), beats);
    }
  }

  private static TrainingFailure failure(String message) {
    return new TrainingFailure(TrainingFailure.Kind.TRANSIENT, message, null, null);
  }

  /** Whether this machine had no room for the job: another may, or this one later. */
  public boolean lacksDisk() {
    return lacksDisk;
  }

  /** Null if this machine lacks disk, which is no verdict on the job: no attempt is counted. */
  private @Nullable RunRequest prepared(RunPreparation preparation, JobDirectory directory)
      throws IOException, InterruptedException {
    try {
      return until(
          () ->
              preparation.request(
                  lease, directory, device, () -> early.asked() || watch.over() != null));
    } catch (RunPreparation.Stopped asked) {
      return null;
    } catch (StorageFull full) {
      lacksDisk = true;
      log.atError()
          .addKeyValue("job", key.jobId())
          .addKeyValue("cause", full.getMessage())
          .addKeyValue("cure", "free disk, or raise graft.worker.cache-size or lower keep-free")
          .log("disk_lacking");
      told.lacksDisk();
      return null;
    }
  }

  private Trainer started(Trainers trainers, JobDirectory directory) throws IOException {
    Trainer started = trainers.start(lease, directory.root(), directory.errors());
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
    watch.close(); // what is left is the server's to take
    memoryRanOut = memoryKills.count() > before;
    return status;
  }

  private void heard(TrainingEvent event, Heartbeats beats) {
    watch.heard();
    stopTime.heard(event, System.nanoTime());
    switch (event) {
      case TrainingEvent.Started started -> told.started(started, !lease.checkpoints().isEmpty());
      case TrainingEvent.Planned plan -> told.planned(plan);
      case TrainingEvent.Progress progress -> told.progress(progress);
      case TrainingEvent.StepSkipped skipped -> told.skipped(skipped);
      case TrainingEvent.Evaluating begun -> told.evaluating();
      case TrainingEvent.Evaluated evaluation -> told.evaluation(evaluation);
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
      told.peak();
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
          .addKeyValue("errors", TrainerErrors.loggable(directory.errors()))
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

  /** Something that may be repeated until the server's answer is known. */
  private interface Repeatable<T> {
    T run() throws IOException;
  }

  /**
   * Repeats while the server cannot be reached. Even when the lease is no longer trusted this is
   * safe: the server's fence decides. A worker that shuts down does not wait that long.
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

  /** The worker shuts down: a checkpoint, then the job goes back to the queue. */
  public void drain() {
    draining = true;
    early.ask(EarlyEnd.Reason.RELEASE);
  }
}
