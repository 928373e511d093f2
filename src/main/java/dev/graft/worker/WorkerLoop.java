package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.Training;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.Traces;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop of one device, which claims and runs jobs. It needs a platform thread, on which the
 * trainers that it starts depend.
 */
final class WorkerLoop implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(WorkerLoop.class);

  private final TrainerDevices.TrainerDevice on;
  private final Device device;
  private final LeaseProtocol protocol;
  private final RunPreparation preparation;
  private final Consumer<Training> events;
  private final WorkerProperties settings;
  private final StopTimes stopTimes;
  private final Traces traces;
  private final CountDownLatch draining = new CountDownLatch(1);
  private @Nullable JobRun current;

  /** Identifies the next lease. It changes with every lease, so that a lost answer loses none. */
  private UUID request = UUID.randomUUID();

  WorkerLoop(
      TrainerDevices.TrainerDevice on,
      LeaseProtocol protocol,
      RunPreparation preparation,
      Consumer<Training> events,
      WorkerProperties settings,
      StopTimes stopTimes,
      Traces traces) {
    this.on = on;
    this.device = on.device();
    this.protocol = protocol;
    this.preparation = preparation;
    this.events = events;
    this.settings = settings;
    this.stopTimes = stopTimes;
    this.traces = traces;
  }

  /** Runs the loops on platform threads: a trainer ends with the thread that started it. */
  static LoopThreads threads(List<WorkerLoop> loops) {
    return LoopThreads.awaited(
        loops, Thread.ofPlatform().name("worker ", 0), threads -> loops.forEach(WorkerLoop::drain));
  }

  @Override
  public void run() {
    log.atInfo()
        .addKeyValue("device", device.name())
        .addKeyValue("memory", device.memory())
        .log("worker_ready");
    try {
      while (draining.getCount() > 0) {
        Optional<Lease> lease = claim();
        if (lease.isPresent()) run(lease.get());
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    log.atInfo().addKeyValue("device", device.name()).log("worker_stopped");
  }

  /** Stops claiming; the running job writes a checkpoint and goes back to the queue. */
  void drain() {
    draining.countDown();
    log.atInfo().addKeyValue("device", device.name()).log("worker_draining");
    JobRun running = running();
    if (running != null) running.drain();
  }

  private Optional<Lease> claim() throws InterruptedException {
    try {
      Device asking = device.of(on.meter().now(null));
      Optional<Lease> lease = protocol.claim(asking, settings.claimWait(), request);
      if (lease.isPresent()) request = UUID.randomUUID();
      return lease;
    } catch (UncheckedIOException | LeaseRefused e) {
      log.atWarn()
          .addKeyValue("device", device.name())
          .addKeyValue("cause", e.getMessage())
          .log("claim_unanswered");
    } catch (RuntimeException e) {
      log.atError().addKeyValue("device", device.name()).setCause(e).log("claim_failed");
    }
    draining.await(settings.retryWait().toMillis(), TimeUnit.MILLISECONDS);
    return Optional.empty();
  }

  private void run(Lease lease) throws InterruptedException {
    boolean lacksDisk = false;
    try (RunTrace trace = RunTrace.begin(traces, lease)) {
      JobRun run = new JobRun(lease, on, protocol, settings.runTimes(), stopTimes, trace);
      running(run);
      if (draining.getCount() == 0) run.drain();
      events.accept(new Training.Begins(device.name()));
      run.run(preparation);
      lacksDisk = run.lacksDisk();
    } catch (RuntimeException bug) {
      // The lease expires and another worker tries the job; this loop must continue.
      log.atError().addKeyValue("job", lease.key().jobId()).setCause(bug).log("run_broke");
    } finally {
      running(null);
      events.accept(new Training.Ended(device.name()));
    }
    // Waits, because the next jobs may not fit either.
    if (lacksDisk) draining.await(settings.retryWait().toMillis(), TimeUnit.MILLISECONDS);
  }

  private synchronized void running(@Nullable JobRun run) {
    current = run;
  }

  private synchronized @Nullable JobRun running() {
    return current;
  }
}
