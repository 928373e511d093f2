package dev.graft.inference;

import dev.graft.artifacts.BlobCache;
import dev.graft.artifacts.BlobUse;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.Training;
import dev.graft.jobs.lease.WorkerLink;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.Children;
import dev.graft.platform.EveryRole;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.Span;
import dev.graft.platform.Traces;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.context.event.EventListener;

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

  /**
   * A worker answers one call: one thread makes the answer, another tells the server what there is
   * of it, all that has come since the last report in one. A report that is refused ends the
   * answer.
   */
  static final class RunningCall {
    /** The server hears of a call at least this often. */
    static final Duration HEARTBEAT = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(RunningCall.class);
    private static final Duration REPORT_TIMEOUT = Duration.ofSeconds(5);
    private static final int TRIES = 3;

    private final InferenceCall call;
    private final long id;
    private final WorkerLink link;
    private final BlobCache blobs;
    private final Inferrer inferrer;
    private final Traces traces;
    private final LinkedBlockingQueue<Said> said = new LinkedBlockingQueue<>();

    /** What the answering thread tells the reporting one. */
    private sealed interface Said {
      record That(Reply reply) implements Said {}

      record Lost(String why) implements Said {}
    }

    /**
     * @param id of the ask in this process: servers count from the same number
     */
    RunningCall(
        InferenceCall call,
        long id,
        WorkerLink link,
        BlobCache blobs,
        Inferrer inferrer,
        Traces traces) {
      this.call = call;
      this.id = id;
      this.link = link;
      this.blobs = blobs;
      this.inferrer = inferrer;
      this.traces = traces;
    }

    /** Returns when the server has heard the end, or does not want to. */
    void run() throws InterruptedException {
      Thread answering = Thread.ofVirtual().name("call-" + call.id()).start(this::answer);
      try {
        // At once: a call that nobody says to have goes to another worker.
        if (tell(new InferenceCall.CallReport(0, List.of(), null))) report();
      } catch (InterruptedException stopping) {
        tell(new InferenceCall.CallReport(0, List.of(), "it stops"));
        throw stopping;
      } finally {
        answering.interrupt();
        answering.join();
      }
    }

    private void answer() {
      try (Span span = traces.follow("answer call", Span.Kind.CONSUMER, call.traceparent())) {
        span.put("graft.call_id", call.id());
        // In use until the end: directories of models are laid out in between.
        try (BlobUse use = blobs.use(this::open)) {
          for (Digest manifest : call.manifests()) {
            use.directory(manifest, ModelDirectories::isLaid);
          }
          Reply last =
              inferrer.answer(
                  call.id(),
                  call.served(),
                  call.ask().numbered(id),
                  piece -> said.add(new Said.That(piece)));
          said.add(new Said.That(last));
        }
      } catch (InterruptedException unwanted) {
        said.add(new Said.Lost("it was cancelled"));
      } catch (Inferrer.NoCapacity
          | Inferrer.InferrerLost
          | IOException
          | UncheckedIOException
          | LeaseRefused e) {
        said.add(new Said.Lost(String.valueOf(e.getMessage())));
      } catch (RuntimeException bug) {
        log.atError().addKeyValue("call", call.id()).setCause(bug).log("call_broke");
        said.add(new Said.Lost("an error, see the worker's log"));
      }
    }

    private InputStream open(Digest digest) {
      return link.open(path("/blobs/" + digest));
    }

    private void report() throws InterruptedException {
      long told = 0;
      boolean more = true;
      while (more) {
        InferenceCall.CallReport report = next(told);
        told += report.replies().size();
        boolean ended =
            report.lost() != null
                || !report.replies().isEmpty()
                    && !(report.replies().getLast() instanceof Reply.Piece);
        more = tell(report) && !ended;
      }
    }

    /** Waits for something to tell, but not long. */
    private InferenceCall.CallReport next(long told) throws InterruptedException {
      List<Said> news = new ArrayList<>();
      Said first = said.poll(HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS);
      if (first != null) news.add(first);
      said.drainTo(news);
      List<Reply> replies = new ArrayList<>();
      String lost = null;
      for (Said each : news) {
        switch (each) {
          case Said.That(Reply reply) -> replies.add(reply);
          case Said.Lost(String why) -> lost = why;
        }
      }
      return new InferenceCall.CallReport(told, replies, lost);
    }

    /** False if nobody wants to hear it. */
    private boolean tell(InferenceCall.CallReport report) throws InterruptedException {
      for (int i = 1; i <= TRIES; i++) {
        try {
          link.post(path("/replies"), report, REPORT_TIMEOUT);
          return true;
        } catch (LeaseRefused gone) {
          log.atInfo().addKeyValue("call", call.id()).log("call_unwanted");
          return false;
        } catch (UncheckedIOException unreachable) {
          Thread.sleep(HEARTBEAT);
        }
      }
      log.atWarn().addKeyValue("call", call.id()).log("call_unreported");
      return false;
    }

    private String path(String rest) {
      return InferenceCall.PATH + "/" + call.id() + rest;
    }
  }

  /**
   * Training has a worker's machine first: while it trains, no calls are taken and no base model
   * stays in memory. An answer in the making gets a moment to end.
   */
  public static final class TrainingPriority {
    private static final Logger log = LoggerFactory.getLogger(TrainingPriority.class);
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final WarmModels models;
    private final boolean beside;
    private int trainings;
    private int answers;

    /**
     * @param beside whether there is room for both
     */
    public TrainingPriority(WarmModels models, boolean beside) {
      this.models = models;
      this.beside = beside;
    }

    /** Returns, to the thread that is about to train, when there is room. */
    @EventListener
    public synchronized void on(Training event) {
      if (beside) return;
      switch (event) {
        case Training.Begins begins -> {
          trainings++;
          try {
            awaitAnswers();
          } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
          }
          models.unload();
          log.atInfo().addKeyValue("device", begins.device()).log("chats_made_room");
        }
        case Training.Ended ended -> {
          trainings--;
          notifyAll();
        }
      }
    }

    private void awaitAnswers() throws InterruptedException {
      long end = System.nanoTime() + GRACE.toNanos();
      for (long left = GRACE.toMillis(); answers > 0 && left > 0; ) {
        wait(left);
        left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      }
    }

    synchronized void awaitFree() throws InterruptedException {
      while (trainings > 0) wait();
    }

    synchronized void enter() {
      answers++;
    }

    synchronized void leave() {
      answers--;
      notifyAll();
    }
  }

  /** A worker of its own answers chats beside its jobs, unless it is told not to. */
  @EveryRole
  @Configuration(proxyBeanMethods = false)
  @Profile("worker & !server")
  @ConditionalOnProperty(name = "graft.inference.offer", matchIfMissing = true)
  static class CallWorkerConfiguration {
    @Bean(destroyMethod = "close")
    WarmModels warmModels(
        BlobCache blobs,
        InferenceProperties settings,
        GraftProperties graft,
        ChildConfinement confinement)
        throws IOException {
      Children inferrers = confinement.within(InferenceConfiguration.directory(settings, graft));
      ModelDirectories files =
          InferenceConfiguration.directories(
              ModelDirectories.source(blobs.store()), settings, graft, inferrers);
      blobs.beforeEviction(files::removeIdle);
      return new WarmModels(
          settings,
          files,
          model -> ChildJvm.ofThisProgram(settings.heap(), InferenceConfiguration.arguments(model)),
          inferrers);
    }

    @Bean
    CallLoop.TrainingPriority trainingFirst(WarmModels models, InferenceProperties settings) {
      return new CallLoop.TrainingPriority(models, settings.besideTraining());
    }

    @Bean
    LoopThreads callThreads(
        WorkerLink link,
        BlobCache blobs,
        WarmModels models,
        CallLoop.TrainingPriority device,
        InferenceProperties settings,
        Traces traces) {
      return new CallLoop(link, blobs, models, device, traces).threads(settings.maxLoadedModels());
    }
  }
}
