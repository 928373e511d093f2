package dev.graft.nemesis;

import java.time.Duration;
import java.util.Random;

/**
 * Kills what serves, each in its turn, and starts it again ({@link Servers#strike}). All that was
 * acknowledged must be there, and every job must run to the end.
 */
final class ServerKills {
  /** From preparing a run after the recovery to the middle of training. */
  private static final int LATEST_MOMENT_MS = 20_000;

  private final Cluster cluster;
  private final Jobs jobs;
  private final Random random;
  private final KillReport report;
  private final Deadline deadline;

  ServerKills(Cluster cluster, Jobs jobs, Random random, KillReport report, Deadline deadline) {
    this.cluster = cluster;
    this.jobs = jobs;
    this.random = random;
    this.report = report;
    this.deadline = deadline;
  }

  void run(int kills, Jobs.Result undisturbed) {
    int done = 0;
    while (done < kills && !deadline.passed()) {
      String job = jobs.submit();
      try (Acknowledged acknowledged = Acknowledged.start(cluster.api(), jobs)) {
        while (done < kills && !deadline.passed() && !jobs.ended(job)) {
          Deadline.pause(Duration.ofMillis(random.nextInt(LATEST_MOMENT_MS)));
          strike(done++, job, acknowledged);
        }
        acknowledged.close();
        Jobs.Result result = jobs.finish(job);
        report.expectEqual(job, result, undisturbed);
        acknowledged.jobs().forEach(jobs::finish);
        report.say(
            "         "
                + job
                + " ended: sha256 "
                + result.sha256()
                + "; "
                + acknowledged.check(report));
      }
    }
  }

  private void strike(int number, String job, Acknowledged acknowledged) {
    int step = jobs.get(job).at("/progress/step").asInt(0);
    long start = System.nanoTime();
    String struck = cluster.strike(number, random);
    double back = (System.nanoTime() - start) / 1e9;
    report.killed(
        struck,
        "at step %d; back after %.1f s; %s".formatted(step, back, acknowledged.check(report)));
  }
}
