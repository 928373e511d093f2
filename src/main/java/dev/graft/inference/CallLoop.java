package dev.graft.inference;

import dev.graft.artifacts.BlobCache;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.WorkerLink;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.Traces;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A worker's loop beside its jobs: asks for a call, answers it, again. */
public final class CallLoop implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(CallLoop.class);
  private static final Duration WAIT = Duration.ofSeconds(5);
  private static final Duration SLACK = Duration.ofSeconds(10);

  /** After a server that could not be reached, or knows no calls. */
  private static final Duration PAUSE = Duration.ofSeconds(5);

  private static final AtomicLong ASKS = new AtomicLong();

  private final WorkerLink link;
  private final BlobCache blobs;
  private final WarmModels models;
  private final TrainingPriority device;
  private final Traces traces;

  public CallLoop(
      WorkerLink link, BlobCache blobs, WarmModels models, TrainingPriority device, Traces traces) {
    this.link = link;
    this.blobs = blobs;
    this.models = models;
    this.device = device;
    this.traces = traces;
  }

  /**
   * Threads that answer; what they are at when they end is lost.
   *
   * @param count of calls at a time
   */
  public LoopThreads threads(int count) {
    return new LoopThreads(
        Collections.nCopies(count, this),
        Thread.ofVirtual().name("calls-", 0),
        threads -> threads.forEach(Thread::interrupt));
  }

  /** Until interrupted. */
  @Override
  public void run() {
    try {
      while (true) {
        device.awaitFree();
        Optional<InferenceCall> call = take();
        if (call.isPresent()) answer(call.get());
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private void answer(InferenceCall call) throws InterruptedException {
    device.enter();
    try {
      new RunningCall(call, ASKS.incrementAndGet(), link, blobs, models, traces).run();
    } finally {
      device.leave();
    }
  }

  private Optional<InferenceCall> take() throws InterruptedException {
    try {
      InferenceCall.Wanted wanted = new InferenceCall.Wanted(WAIT.toMillis(), models.warm());
      return link.post(InferenceCall.PATH, wanted, WAIT.plus(SLACK))
          .map(body -> LeaseWire.read(body, InferenceCall.class));
    } catch (UncheckedIOException | LeaseRefused unanswered) {
      if (Thread.interrupted()) throw new InterruptedException();
      log.atWarn().addKeyValue("cause", unanswered.getMessage()).log("calls_unanswered");
    } catch (RuntimeException e) {
      log.atError().setCause(e).log("calls_failed");
    }
    Thread.sleep(PAUSE);
    return Optional.empty();
  }
}
