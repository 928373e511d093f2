package dev.graft.client;

import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;

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
}
