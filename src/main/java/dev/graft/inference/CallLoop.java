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

/** The loop in which a worker asks for calls and answers them, beside its jobs. */
final class CallLoop implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(CallLoop.class);
  private static final Duration WAIT = Duration.ofSeconds(5);
  private static final Duration SLACK = Duration.ofSeconds(10);

  /** Pause after a server could not be reached or refused the request. */
  private static final Duration PAUSE = Duration.ofSeconds(5);

  /** The worker reports on a call at least this often. */
  static final Duration HEARTBEAT = Duration.ofSeconds(2);

  private static final Duration REPORT_TIMEOUT = Duration.ofSeconds(5);
  private static final int TRIES = 3;

  /** Numbers the asks of this process, since servers count from the same number. */
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
   * Returns the answering threads. When they are stopped, they give their calls up.
   *
   * @param count the maximum number of concurrent calls
   */
  public LoopThreads threads(int count) {
    return new LoopThreads(
        Collections.nCopies(count, this),
        Thread.ofVirtual().name("calls-", 0),
        threads -> threads.forEach(Thread::interrupt));
  }

  /** Runs until it is interrupted. */
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
      new RunningCall(call).run();
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
   * Answers one call: one thread makes the answer, another reports to the server all replies since
   * the last report. A refused report ends the answer.
   */
  private final class RunningCall {
    private final InferenceCall call;
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();

    /** Events from the answering thread to the reporting one. */
    private sealed interface Event {
      record Replied(Reply reply) implements Event {}

      record Lost(String why) implements Event {}
    }

    RunningCall(InferenceCall call) {
      this.call = call;
    }

    /** Returns when the server has accepted or refused the last report. */
    void run() throws InterruptedException {
      Thread answering = Thread.ofVirtual().name("call-" + call.id()).start(this::answer);
      try {
        // at once: an unconfirmed call is offered to another worker
        if (send(new InferenceCall.CallReport(0, List.of(), null))) report();
      } catch (InterruptedException stopping) {
        send(new InferenceCall.CallReport(0, List.of(), "the worker is stopping"));
        throw stopping;
      } finally {
        answering.interrupt();
        answering.join();
      }
    }

    private void answer() {
      try (Span span = traces.follow("answer call", Span.Kind.CONSUMER, call.traceparent())) {
        span.put("graft.call_id", call.id());
        // blobs stay in use until the end, since model directories are created in between
        try (BlobUse use = blobs.use(this::open)) {
          for (Digest manifest : call.manifests()) {
            use.directory(manifest, ModelDirectories::isLaid);
          }
          Reply last =
              models.answer(
                  call.id(),
                  call.served(),
                  call.ask().numbered(ASKS.incrementAndGet()),
                  piece -> events.add(new Event.Replied(piece)));
          events.add(new Event.Replied(last));
        }
      } catch (InterruptedException unwanted) {
        events.add(new Event.Lost("the call was cancelled"));
      } catch (Inferrer.NoCapacity
          | Inferrer.InferrerLost
          | IOException
          | UncheckedIOException
          | LeaseRefused e) {
        events.add(new Event.Lost(String.valueOf(e.getMessage())));
      } catch (RuntimeException bug) {
        log.atError().addKeyValue("call", call.id()).setCause(bug).log("call_broke");
        events.add(new Event.Lost("an error; see the worker's log"));
      }
    }

    private InputStream open(Digest digest) {
      return link.open(path("/blobs/" + digest));
    }

    private void report() throws InterruptedException {
      long sent = 0;
      boolean more = true;
      while (more) {
        InferenceCall.CallReport report = next(sent);
        sent += report.replies().size();
        boolean ended =
            report.lost() != null
                || !report.replies().isEmpty()
                    && !(report.replies().getLast() instanceof Reply.Piece);
        more = send(report) && !ended;
      }
    }

    /** Waits for replies, at most {@link #HEARTBEAT}. */
    private InferenceCall.CallReport next(long sent) throws InterruptedException {
      List<Event> news = new ArrayList<>();
      Event first = events.poll(HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS);
      if (first != null) news.add(first);
      events.drainTo(news);
      List<Reply> replies = new ArrayList<>();
      String lost = null;
      for (Event each : news) {
        switch (each) {
          case Event.Replied(Reply reply) -> replies.add(reply);
          case Event.Lost(String why) -> lost = why;
        }
      }
      return new InferenceCall.CallReport(sent, replies, lost);
    }

    /** Sends a report; returns false if the server refuses it or cannot be reached. */
    private boolean send(InferenceCall.CallReport report) throws InterruptedException {
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
   * Gives training priority on a worker's machine: while it trains, the worker takes no calls and
   * keeps no base model in memory. Answers in progress get {@link #GRACE} to end.
   */
  public static final class TrainingPriority {
    private static final Logger log = LoggerFactory.getLogger(TrainingPriority.class);
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final WarmModels models;
    private final boolean beside;
    private int trainings;
    private int answers;

    /**
     * @param beside whether the worker answers chats while it trains
     */
    public TrainingPriority(WarmModels models, boolean beside) {
      this.models = models;
      this.beside = beside;
    }

    /** Blocks the thread that is about to train until the models are unloaded. */
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

  /** Beans of a worker without a server, which answers chats unless {@code offer} is false. */
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
