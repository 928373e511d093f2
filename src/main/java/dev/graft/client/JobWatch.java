package dev.graft.client;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;

/**
 * Follows a job to its end and shows how far it is: looks when its event stream says that something
 * has happened, and where there is no stream from time to time. A server that is away for a while
 * is awaited.
 */
public final class JobWatch {
  private static final long POLL = Duration.ofMillis(400).toNanos();
  private static final long LATER_POLL = Duration.ofSeconds(2).toNanos();
  private static final long FIRST_MINUTE = Duration.ofMinutes(1).toNanos();

  /** Without news: the step moves on between events. */
  private static final Duration LOOK = Duration.ofSeconds(5);

  private static final long PLAIN_LINE = Duration.ofSeconds(5).toNanos();
  private static final int BAR = 28;
  private static final Set<String> ENDS = Set.of("succeeded", "failed", "cancelled");

  private final GraftApi api;
  private final Screen screen;
  private int firstStep;
  private long firstSeen;
  private long lastLine = System.nanoTime() - PLAIN_LINE;

  public JobWatch(GraftApi api, Screen screen) {
    this.api = api;
    this.screen = screen;
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

  private void show(JsonNode job, JobNews news) {
    long now = System.nanoTime();
    if (!screen.terminal() && now - lastLine < PLAIN_LINE) return;
    lastLine = now;
    screen.doing("training", line(job, news));
  }

  private String line(JsonNode job, JobNews news) {
    JsonNode progress = job.path("progress");
    int total = progress.path("total_steps").asInt(0);
    String status = job.path("status").asString();
    if (total == 0 || !status.equals("running")) {
      return status.replace('_', ' ') + "  " + job.path("reason").asString("");
    }
    int step = progress.path("step").asInt(0);
    var line = new StringBuilder();
    if (screen.terminal()) line.append(bar((double) step / total)).append(' ');
    line.append("%3d %%  step %d/%d".formatted(step * 100L / total, step, total));
    String loss = news.live() ? news.loss() : loss(job.path("id").asString());
    if (!loss.isEmpty()) line.append("  loss ").append(loss);
    double speed = progress.path("tokens_per_second").asDouble(0);
    if (speed > 0) line.append(String.format(Locale.ROOT, "  %,.0f tokens/s", speed));
    line.append(left(step, total));
    return line.toString();
  }

  private String loss(String id) {
    JsonNode events = api.get("/v1/fine_tuning/jobs/" + id + "/events?limit=20").path("data");
    for (JsonNode event : events) {
      Optional<String> loss = JobNews.loss(event);
      if (loss.isPresent()) return loss.get();
    }
    return "";
  }

  private String bar(double share) {
    int full = (int) Math.round(share * BAR);
    return screen.green("━".repeat(full)) + screen.faint("━".repeat(BAR - full));
  }

  /** From the pace seen so far; empty until two different steps were seen. */
  private String left(int step, int total) {
    long now = System.nanoTime();
    if (firstStep == 0 && step > 0) {
      firstStep = step;
      firstSeen = now;
    }
    if (step <= firstStep || step == total) return "";
    double seconds = (now - firstSeen) / 1e9 / (step - firstStep) * (total - step);
    long whole = Math.round(seconds);
    return "  %d:%02d left".formatted(whole / 60, whole % 60);
  }
}
