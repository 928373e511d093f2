package dev.graft.inference;

import dev.graft.artifacts.BlobCache;
import dev.graft.artifacts.BlobUse;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.WorkerLink;
import dev.graft.platform.Span;
import dev.graft.platform.Traces;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker answers one call: one thread makes the answer, another tells the server what there is of
 * it, all that has come since the last report in one. A report that is refused ends the answer.
 */
final class RunningCall {
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
    } catch (NoCapacity | InferrerLost | IOException | UncheckedIOException | LeaseRefused e) {
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
