package dev.graft.client;

import dev.graft.client.GraftApi.ServerEvents.ServerEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Follows a job to its end and shows how far it is: looks when its event stream says that something
 * has happened, and where there is no stream from time to time. A server that is away for a while
 * is awaited.
 */
final class JobWatch {
  private static final long POLL = Duration.ofMillis(400).toNanos();
  private static final long LATER_POLL = Duration.ofSeconds(2).toNanos();
  private static final long FIRST_MINUTE = Duration.ofMinutes(1).toNanos();

  /** Without news: the step moves on between events. */
  private static final Duration LOOK = Duration.ofSeconds(5);

  private static final long PLAIN_LINE = Duration.ofSeconds(5).toNanos();
  private static final Set<String> ENDS = Set.of("succeeded", "failed", "cancelled");

  private final GraftApi api;
  private final Screen screen;
  private final Clock clock;
  private JobLine told = new JobLine("", "", "");
  private long lastLine = System.nanoTime() - PLAIN_LINE;

  public JobWatch(GraftApi api, Screen screen) {
    this(api, screen, Clock.systemUTC());
  }

  JobWatch(GraftApi api, Screen screen, Clock clock) {
    this.api = api;
    this.screen = screen;
    this.clock = clock;
  }

  /** The job in its end state: {@code succeeded}, {@code failed} or {@code cancelled}. */
  public JsonNode untilDone(String id) {
    try (JobNews news = new JobNews(api, id)) {
      return untilDone(id, news);
    }
  }

  private JsonNode untilDone(String id, JobNews news) {
    long start = System.nanoTime();
    Patience patience = new Patience();
    while (true) {
      Optional<JsonNode> ended = patience.ask(() -> shown(id, news)).filter(JobWatch::hasEnded);
      if (ended.isPresent()) return ended.get();
      LockSupport.parkNanos(POLL);
      if (news.live()) news.await(LOOK);
      else if (System.nanoTime() - start > FIRST_MINUTE) LockSupport.parkNanos(LATER_POLL - POLL);
    }
  }

  /** Of a job, or of what has a status as jobs have. */
  public static boolean hasEnded(JsonNode job) {
    return ENDS.contains(job.path("status").asString());
  }

  private JsonNode shown(String id, JobNews news) {
    JsonNode job = api.get("/v1/fine_tuning/jobs/" + id);
    if (!hasEnded(job)) show(job, news);
    return job;
  }

  /** Without a terminal only what is new, and steps not faster than one can read. */
  private void show(JsonNode job, JobNews news) {
    JobLine line = JobLine.of(job, loss(job, news), screen, clock.instant());
    if (!screen.terminal()) {
      boolean another = !line.phase().equals(told.phase());
      if (!another && line.news().equals(told.news())) return;
      if (!another && System.nanoTime() - lastLine < PLAIN_LINE) return;
    }
    lastLine = System.nanoTime();
    told = line;
    screen.doing(line.phase(), line.text());
  }

  private String loss(JsonNode job, JobNews news) {
    if (news.live()) return news.loss();
    if (!job.path("status").asString().equals("running")) return "";
    String id = job.path("id").asString();
    JsonNode events = api.get("/v1/fine_tuning/jobs/" + id + "/events?limit=20").path("data");
    for (JsonNode event : events) {
      Optional<String> loss = JobNews.loss(event);
      if (loss.isPresent()) return loss.get();
    }
    return "";
  }

  /**
   * What a job is doing, as a line.
   *
   * @param phase what it is at, in a word or two
   * @param text how far that is
   * @param news what makes it another line than the one before: time alone does not
   */
  record JobLine(String phase, String text, String news) {
    private static final int BAR = 28;

    /**
     * @param job that has not ended
     * @param loss the newest of training; empty if none is known
     */
    static JobLine of(JsonNode job, String loss, Screen screen, Instant now) {
      String status = job.path("status").asString();
      String more = job.path("sub_status").asString("");
      JsonNode progress = job.path("progress");
      int total = progress.path("total_steps").asInt(0);
      int step = progress.path("step").asInt(0);
      if (!status.equals("running")) return waiting(status.replace('_', ' '), job);
      if (more.equals("validating")) {
        String when =
            step == 0 ? "before the first step" : "after step %d/%d".formatted(step, total);
        return new JobLine("validation", when, when);
      }
      if (!more.isEmpty()) return waiting(more, job);
      if (total == 0) return waiting("preparing", job);
      String text = training(progress, step, total, loss, screen) + left(progress, now);
      return new JobLine("training", text, "step " + step);
    }

    private static JobLine waiting(String phase, JsonNode job) {
      String why = job.path("reason").asString("");
      return new JobLine(phase, why, why);
    }

    private static String training(
        JsonNode progress, int step, int total, String loss, Screen screen) {
      var line = new StringBuilder();
      if (screen.terminal()) line.append(bar((double) step / total, screen)).append(' ');
      line.append("%3d %%  step %d/%d".formatted(step * 100L / total, step, total));
      if (!loss.isEmpty()) line.append("  loss ").append(loss);
      double speed = progress.path("tokens_per_second").asDouble(0);
      if (speed > 0) line.append(String.format(Locale.ROOT, "  %,.0f tokens/s", speed));
      return line.toString();
    }

    private static String bar(double share, Screen screen) {
      int full = (int) Math.round(share * BAR);
      return screen.green("━".repeat(full)) + screen.faint("━".repeat(BAR - full));
    }

    /** By the pace that the server has measured; empty until it has. */
    private static String left(JsonNode progress, Instant now) {
      JsonNode end = progress.path("eta");
      if (!end.isNumber()) return "";
      Duration left = Duration.between(now, Instant.ofEpochSecond(end.asLong()));
      if (left.isNegative()) return "";
      return left.toHours() == 0
          ? "  %d:%02d left".formatted(left.toMinutes(), left.toSecondsPart())
          : "  %d:%02d:%02d left"
              .formatted(left.toHours(), left.toMinutesPart(), left.toSecondsPart());
    }
  }

  /**
   * Tells that something has happened to a job: reads its event stream on a thread of its own, and
   * after a broken connection goes on where it was. It only saves asking: whoever waits for news
   * asks the server what is true, and asks now and then without any.
   */
  static final class JobNews implements AutoCloseable {
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
        try (GraftApi.ServerEvents events = api.events(path, last)) {
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
}
