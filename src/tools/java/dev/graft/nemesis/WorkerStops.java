package dev.graft.nemesis;

import java.time.Duration;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Stops the worker of a running job with SIGTERM, as an operator or Kubernetes does. Its steps are
 * long, and it makes no checkpoint by itself: each time at most one step may be made again, and the
 * event must say from which the job goes on.
 */
final class WorkerStops {
  private static final Duration RESUME = Duration.ofMinutes(2);

  /** Of a stop: many steps. */
  private static final int MOST_STEPS = 10;

  private final Cluster cluster;
  private final Jobs jobs;
  private final Random random;
  private final KillReport report;
  private final Deadline deadline;
  private final int stepSeconds;

  WorkerStops(
      Cluster cluster,
      Jobs jobs,
      Random random,
      KillReport report,
      Deadline deadline,
      int stepSeconds) {
    this.cluster = cluster;
    this.jobs = jobs;
    this.random = random;
    this.report = report;
    this.deadline = deadline;
    this.stepSeconds = stepSeconds;
  }

  void run(int stops) {
    if (stops == 0) return;
    // At most four steps per stop: two before it, the current one, and one until the worker hears
    // of it.
    String job = jobs.submitSlow(stepSeconds, 4 * stops + 1);
    for (int done = 0; done < stops && !deadline.passed(); done++) {
      Node worker = moment(job);
      if (worker == null) break;
      stop(job, worker);
    }
    report.expect(!jobs.status(job).equals("failed"), job + " failed");
    if (!jobs.ended(job)) jobs.cancel(job);
  }

  /** Waits for a random moment within two steps of a trainer's start; null if the job has ended. */
  private @Nullable Node moment(String job) {
    Deadline.in(RESUME).await(() -> cluster.holder().isPresent() || jobs.ended(job));
    Deadline.pause(Duration.ofMillis(random.nextInt(2000 * stepSeconds)));
    return jobs.ended(job) ? null : cluster.holder().map(Cluster.Worker::node).orElse(null);
  }

  private void stop(String job, Node worker) {
    long lossesBefore = jobs.losses(job);
    int at = jobs.step(job);
    int highest = at;
    long start = System.nanoTime();
    worker.terminate();
    Deadline end = Deadline.in(Duration.ofSeconds((long) MOST_STEPS * stepSeconds + 60));
    while (worker.alive() && !end.passed()) {
      highest = Math.max(highest, jobs.step(job));
      Deadline.pause(Duration.ofMillis(200));
    }
    double took = (System.nanoTime() - start) / 1e9;
    report.expect(!worker.alive(), worker.name() + " has not stopped");
    worker.kill();
    worker.start();
    boolean resumed =
        Deadline.in(RESUME).await(() -> jobs.resumed(job, lossesBefore) >= 0 || jobs.ended(job));
    int from = jobs.resumed(job, lossesBefore);
    report.killed(
        "SIGTERM to " + worker.name(),
        "at step %d; stopped after %.1f s; went on after step %d; %d steps made again"
            .formatted(at, took, from, Math.max(0, highest - from)));
    report.expect(resumed, job + " was not resumed");
    report.expect(from >= highest - 1, "%s made %d steps again".formatted(job, highest - from));
    String event =
        from == 0
            ? "The worker gave the job back; the job starts again: no checkpoint yet"
            : "The worker gave the job back; the job continues from its checkpoint at step " + from;
    report.expect(jobs.messages(job).contains(event), job + " lacks the event: " + event);
  }
}
