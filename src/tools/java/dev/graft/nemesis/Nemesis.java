package dev.graft.nemesis;

import dev.graft.nemesis.Cluster.Deadline;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

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
    Cluster.Setup setup) {

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
    } catch (Cluster.Stuck stuck) {
      report.expect(false, String.valueOf(stuck.getMessage()));
    }
    return report.close(workerKills + serverKills + workerStops);
  }

  /**
   * Stops the worker of a running job with SIGTERM, as an operator or Kubernetes does. Its steps
   * are long, and it makes no checkpoint by itself: each time at most one step may be made again,
   * and the event must say from which the job goes on.
   */
  static final class WorkerStops {
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

    /**
     * Waits for a random moment within two steps of a trainer's start; null if the job has ended.
     */
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
              : "The worker gave the job back; the job continues from its checkpoint at step "
                  + from;
      report.expect(jobs.messages(job).contains(event), job + " lacks the event: " + event);
    }
  }

  /**
   * Kills what serves, each in its turn, and starts it again ({@link Servers#strike}). All that was
   * acknowledged must be there, and every job must run to the end.
   */
  static final class ServerKills {
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

  /**
   * Continuously asks an adapter the same question with greedy decoding. All answers must be equal,
   * whichever server gives them and whatever was killed meanwhile.
   */
  static final class Chats implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration FIRST = Duration.ofMinutes(2);
    private static final int TOKENS = 24;

    private final Api api;
    private final Map<String, ?> request;
    private final KillReport report;
    private final String expected;
    private final ClientLoop loop = new ClientLoop("chats", PAUSE, this::call);
    private final AtomicInteger answered = new AtomicInteger();

    private Chats(Api api, String model, KillReport report) {
      this.api = api;
      this.report = report;
      this.request =
          Map.of(
              "model",
              model,
              "messages",
              List.of(Map.of("role", "user", "content", "Which products are there?")),
              "temperature",
              0,
              "max_tokens",
              TOKENS);
      this.expected = first();
    }

    /**
     * Asks once before anything is killed; that answer is the reference.
     *
     * @throws Cluster.Stuck if there is no answer
     */
    static Chats start(Api api, String model, KillReport report) {
      Chats started = new Chats(api, model, report);
      started.loop.start();
      return started;
    }

    private String first() {
      Deadline deadline = Deadline.in(FIRST);
      while (true) {
        try {
          return ask();
        } catch (Cluster.NotAcknowledged notYet) {
          if (deadline.passed())
            throw new Cluster.Stuck("no chat is answered: " + notYet.getMessage());
          Deadline.pause(PAUSE);
        }
      }
    }

    private String ask() {
      return api.post("/v1/chat/completions", request).path("choices").toString();
    }

    private void call() {
      try {
        String answer = ask();
        answered.incrementAndGet();
        report.expect(
            answer.equals(expected), "a chat answered %s, not %s".formatted(answer, expected));
      } catch (Cluster.Stuck refused) {
        report.expect(false, "a chat was refused: " + refused.getMessage());
      }
    }

    /** After the end. */
    String summary() {
      report.expect(answered.get() > 0, "no chat was answered");
      return "chats: %d answered, %d unanswered".formatted(answered.get(), loop.unanswered());
    }

    @Override
    public void close() {
      loop.close();
    }
  }
}
