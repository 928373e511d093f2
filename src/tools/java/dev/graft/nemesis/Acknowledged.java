package dev.graft.nemesis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Uploads files and submits short jobs continuously, and remembers what the server acknowledged.
 * Requests without an answer may or may not have had an effect.
 */
final class Acknowledged implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(250);
  private static final int JOBS_BETWEEN_KILLS = 1;

  private final Api api;
  private final Jobs jobs;
  private final Map<String, String> files = new LinkedHashMap<>();
  private final List<String> submitted = new ArrayList<>();
  private final ClientLoop loop = new ClientLoop("acknowledged", PAUSE, this::call);
  private int uploads;
  private int jobsLeft = JOBS_BETWEEN_KILLS;

  private Acknowledged(Api api, Jobs jobs) {
    this.api = api;
    this.jobs = jobs;
  }

  static Acknowledged start(Api api, Jobs jobs) {
    Acknowledged started = new Acknowledged(api, jobs);
    started.loop.start();
    return started;
  }

  private void call() {
    upload(uploads++);
    if (takeJob()) submitted(jobs.submitShort());
  }

  private void upload(int n) {
    String row = "{\"prompt\": \"question %d\", \"completion\": \"answer %d\"}\n".formatted(n, n);
    String id = api.upload("rows-%d.jsonl".formatted(n), row);
    synchronized (this) {
      files.put(id, row);
    }
  }

  private synchronized boolean takeJob() {
    return jobsLeft-- > 0;
  }

  private synchronized void submitted(String job) {
    submitted.add(job);
  }

  /** Checks that all is still there; allows for further jobs. */
  synchronized String check(KillReport report) {
    files.forEach((id, content) -> check(report, id, content));
    for (String job : submitted) {
      try {
        jobs.get(job);
      } catch (Cluster.Stuck lost) {
        report.expect(false, "acknowledged job " + job + ": " + lost.getMessage());
      }
    }
    jobsLeft = JOBS_BETWEEN_KILLS;
    return "%d files and %d jobs acknowledged, all there; %d requests unanswered"
        .formatted(files.size(), submitted.size(), loop.unanswered());
  }

  private void check(KillReport report, String id, String content) {
    try {
      String there = new String(api.bytes("/v1/files/" + id + "/content"), StandardCharsets.UTF_8);
      report.expect(there.strip().equals(content.strip()), "file " + id + " has other bytes");
    } catch (Cluster.Stuck lost) {
      report.expect(false, "acknowledged file " + id + ": " + lost.getMessage());
    }
  }

  synchronized List<String> jobs() {
    return List.copyOf(submitted);
  }

  @Override
  public void close() {
    loop.close();
  }
}
