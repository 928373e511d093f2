package dev.graft.nemesis;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;

/**
 * One run: an undisturbed job, then the same under kills; then one whose workers are stopped.
 *
 * @param seed of the kills' moments and of the data
 * @param time no further kill after this long
 * @param stepSeconds how long a step of the job takes whose workers are stopped
 * @param setup of the cluster
 */
record Nemesis(
    long seed,
    Duration time,
    int workerKills,
    int serverKills,
    int workerStops,
    int stepSeconds,
    Setup setup) {

  /**
   * @param directory empty; data directories and logs go there
   * @return whether all kills were made and broke nothing
   */
  boolean run(Path directory, PrintWriter out) throws IOException {
    Deadline deadline = Deadline.in(time);
    KillReport report = new KillReport(out);
    report.say("seed %d, logs in %s".formatted(seed, directory));
    Random random = new Random(seed);
    try (Cluster cluster = Cluster.start(directory, setup)) {
      Jobs jobs = new Jobs(cluster.api(), seed);
      if (workerKills + serverKills > 0) {
        String first = jobs.submit();
        Jobs.Result undisturbed = jobs.finish(first);
        report.say("undisturbed: sha256 " + undisturbed.sha256());
        try (Chats chats = Chats.start(cluster.api(), jobs.model(first), report)) {
          new WorkerFaults(cluster, jobs, random, report, deadline).run(workerKills, undisturbed);
          new ServerKills(cluster, jobs, random, report, deadline).run(serverKills, undisturbed);
          chats.close();
          report.say(chats.summary());
        }
      }
      new WorkerStops(cluster, jobs, random, report, deadline, stepSeconds).run(workerStops);
    } catch (Stuck stuck) {
      report.expect(false, String.valueOf(stuck.getMessage()));
    }
    return report.close(workerKills + serverKills + workerStops);
  }
}
