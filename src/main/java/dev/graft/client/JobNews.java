package dev.graft.client;

import dev.graft.client.ServerEvents.ServerEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tells that something has happened to a job: reads its event stream on a thread of its own, and
 * after a broken connection goes on where it was. It only saves asking: whoever waits for news asks
 * the server what is true, and asks now and then without any.
 */
final class JobNews implements AutoCloseable {
  private static final Duration COME_BACK = Duration.ofSeconds(2);
  private static final int NO_MORE_THAN_NOW = 429;

  private final GraftApi api;
  private final String path;
  private final Semaphore news = new Semaphore(0);
  private final Thread reader;
  private volatile boolean live;
  private volatile boolean closed;
  private volatile String loss = "";
  private @Nullable String last;

  JobNews(GraftApi api, String jobId) {
    this.api = api;
    this.path = "/v1/fine_tuning/jobs/" + jobId + "/events/stream";
    this.reader = Thread.ofVirtual().name("job-news").start(this::read);
  }

  /** Whether the stream is open: without it there are no news. */
  boolean live() {
    return live;
  }

  /** Returns when something has happened since the last call, and after this long at most. */
  void await(Duration longest) {
    try {
      if (news.tryAcquire(longest.toNanos(), TimeUnit.NANOSECONDS)) news.drainPermits();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The newest training loss that was told of; empty if none was. */
  String loss() {
    return loss;
  }

  /** As it is shown; empty if the event has none. */
  static Optional<String> loss(JsonNode event) {
    JsonNode loss = event.at("/data/train_loss");
    return loss.isNumber()
        ? Optional.of(String.format(Locale.ROOT, "%.3f", loss.asDouble()))
        : Optional.empty();
  }

  private void read() {
    while (!closed) {
      try (ServerEvents events = api.events(path, last)) {
        live = true;
        Optional<ServerEvent> event;
        while ((event = events.next()).isPresent()) {
          if (event.get().name().equals("done")) return;
          hear(event.get());
        }
      } catch (ApiRefused refused) {
        // An older server has no streams.
        if (refused.status() < 500 && refused.status() != NO_MORE_THAN_NOW) return;
      } catch (InterruptedException | JacksonException over) {
        return; // closed, or not Graft's events
      } catch (IOException | UncheckedIOException broken) {
        // as after a stream that ends early
      } finally {
        live = false;
        news.release();
      }
      if (!closed) LockSupport.parkNanos(COME_BACK.toNanos());
    }
  }

  private void hear(ServerEvent event) {
    last = event.id();
    loss(JsonMapper.shared().readTree(event.data())).ifPresent(told -> loss = told);
    news.release();
  }

  @Override
  public void close() {
    closed = true;
    reader.interrupt();
    try {
      reader.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
