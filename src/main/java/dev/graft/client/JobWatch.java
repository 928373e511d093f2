package dev.graft.client;

import dev.graft.client.GraftApi.ServerEvents.ServerEvent;
import dev.graft.platform.Bytes;
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
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Waits until a job ends and shows its progress. It reads the job when the event stream reports
 * news, or periodically if there is no stream. It tolerates a server that is unavailable for a
 * while.
 */
final class JobWatch {
  private static final long POLL = Duration.ofMillis(400).toNanos();
  private static final long LATER_POLL = Duration.ofSeconds(2).toNanos();
  private static final long FIRST_MINUTE = Duration.ofMinutes(1).toNanos();

  /** The interval without news; the step advances between events. */
  private static final Duration LOOK = Duration.ofSeconds(5);

  private static final long PLAIN_LINE = Duration.ofSeconds(5).toNanos();
  private static final Set<String> ENDS = Set.of("succeeded", "failed", "cancelled");

  private final GraftApi api;
  private final Screen screen;
  private final Clock clock;
  private JobLine shown = new JobLine("", "", "");
  private long lastLine = System.nanoTime() - PLAIN_LINE;

  public JobWatch(GraftApi api, Screen screen) {
    this(api, screen, Clock.systemUTC());
  }

  JobWatch(GraftApi api, Screen screen, Clock clock) {
    this.api = api;
    this.screen = screen;
    this.clock = clock;
  }

  /**
   * Waits for the end and returns the job: {@code succeeded}, {@code failed} or {@code cancelled}.
   */
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

  /** Returns whether a job, or another object with such a status, has ended. */
  public static boolean hasEnded(JsonNode job) {
    return ENDS.contains(job.path("status").asString());
  }

  private JsonNode shown(String id, JobNews news) {
    JsonNode job = api.get("/v1/fine_tuning/jobs/" + id);
    if (!hasEnded(job)) show(job, news);
    return job;
  }

  /** Shows the job; without a terminal only changes, and new steps at most every five seconds. */
  private void show(JsonNode job, JobNews news) {
    JobLine line = JobLine.of(job, loss(job, news), screen, clock.instant());
    if (!screen.terminal()) {
      boolean another = !line.phase().equals(shown.phase());
      if (!another && line.news().equals(shown.news())) return;
      if (!another && System.nanoTime() - lastLine < PLAIN_LINE) return;
    }
    lastLine = System.nanoTime();
    shown = line;
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
   * A line that describes what a job is doing.
   *
   * @param phase the phase, in one or two words
   * @param text the progress of the phase
   * @param news a value that changes when there is something new to show, unlike the time left
   */
  record JobLine(String phase, String text, String news) {
    private static final int BAR = 28;

    /**
     * @param job a job that has not ended
     * @param loss the latest training loss; empty if unknown
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

    /** Returns the time left by the server's estimate; empty until there is one. */
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
   * Reports that something has happened to a job. Reads the event stream on its own thread and
   * resumes it after a broken connection. It only saves polling: the caller reads the job from the
   * server, from time to time also without news.
   */
  static final class JobNews implements AutoCloseable {
    private static final Duration COME_BACK = Duration.ofSeconds(2);
    private static final int TOO_MANY_REQUESTS = 429;

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

    /** Returns whether the stream is open. */
    boolean live() {
      return live;
    }

    /** Waits until something has happened since the last call, at most this long. */
    void await(Duration longest) {
      try {
        if (news.tryAcquire(longest.toNanos(), TimeUnit.NANOSECONDS)) news.drainPermits();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** Returns the latest training loss in the events; empty if there was none. */
    String loss() {
      return loss;
    }

    /** Returns the formatted loss of an event; empty if it has none. */
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
            receive(event.get());
          }
        } catch (ApiRefused refused) {
          // for example a server without event streams
          if (refused.status() < 500 && refused.status() != TOO_MANY_REQUESTS) return;
        } catch (InterruptedException | JacksonException over) {
          return; // closed, or not the events of a Graft server
        } catch (IOException | UncheckedIOException broken) {
          // reconnect, as after a stream that ends early
        } finally {
          live = false;
          news.release();
        }
        if (!closed) LockSupport.parkNanos(COME_BACK.toNanos());
      }
    }

    private void receive(ServerEvent event) {
      last = event.id();
      loss(JsonMapper.shared().readTree(event.data())).ifPresent(latest -> loss = latest);
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

  /**
   * Waits until something that a server makes has ended and shows its progress.
   *
   * @param what its name in the output
   * @param path where to read it
   * @param state formats its progress
   */
  record MakingWatch(GraftApi api, String what, String path, Function<JsonNode, String> state) {
    private static final long POLL = Duration.ofSeconds(1).toNanos();

    /** Waits for the end, see {@link JobWatch#hasEnded}, and returns it. */
    public JsonNode untilDone(JsonNode begun) {
      Patience patience = new Patience();
      Screen screen = Screen.standard();
      JsonNode making = begun;
      String shown = "";
      while (!JobWatch.hasEnded(making)) {
        String now = state.apply(making);
        if (!now.equals(shown)) screen.doing(what, now);
        shown = now;
        LockSupport.parkNanos(POLL);
        making = patience.ask(() -> api.get(path)).orElse(making);
      }
      screen.done(what, making.path("status").asString());
      return making;
    }

    /** Returns the progress in bytes, of {@code total_bytes}. */
    static Function<JsonNode, String> bytes(String done) {
      return making -> {
        JsonNode total = making.path("total_bytes");
        return total.isNull()
            ? making.path("status").asString()
            : Bytes.shown(making.path(done).asLong()) + " of " + Bytes.shown(total.asLong());
      };
    }
  }

  /**
   * Lets a polling caller tolerate a server that is unavailable for a while, for example during a
   * restart.
   */
  static final class Patience {
    /** Longer than a server takes to start. */
    private static final long AWAY = Duration.ofMinutes(2).toNanos();

    private long answered = System.nanoTime();

    /**
     * Returns the answer; empty while the server is unavailable.
     *
     * @throws UncheckedIOException if the server has been unavailable for too long, or {@link
     *     ApiRefused} if the request itself is refused
     */
    public <T> Optional<T> ask(Supplier<T> question) {
      try {
        T answer = question.get();
        answered = System.nanoTime();
        return Optional.of(answer);
      } catch (UncheckedIOException | ApiRefused e) {
        boolean lasting = e instanceof ApiRefused refused && refused.status() < 500;
        if (lasting || System.nanoTime() - answered > AWAY) throw e;
        return Optional.empty();
      }
    }
  }
}
