package dev.graft.nemesis;

import dev.graft.nemesis.Cluster.Deadline;
import dev.graft.nemesis.GraftProgram.Node;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code graft nemesis}: kills parts of a separate Graft at random moments. */
@Command(
    name = "nemesis",
    mixinStandardHelpOptions = true,
    description =
        "Start a separate Graft, kill or stop its workers, trainers, servers and PostgreSQL at"
            + " random moments, and check that nothing acknowledged is lost, every adapter has the"
            + " same bytes, and a stop costs at most one step.")
public final class NemesisCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--seed", defaultValue = "1", description = "Random seed (1).")
  private long seed;

  @Option(names = "--minutes", defaultValue = "30", description = "Minutes of kills (30).")
  private int minutes;

  @Option(
      names = "--worker-kills",
      defaultValue = "20",
      description =
          "The number of kills, alternately of a job's worker and its trainer; every third and"
              + " fourth instead pauses the worker or cuts its network until another worker has the"
              + " job (20).")
  private int workerKills;

  @Option(
      names = "--server-kills",
      defaultValue = "10",
      description =
          "The number of kills, alternately of a server, PostgreSQL, PgBouncer and S3 (10).")
  private int serverKills;

  @Option(
      names = "--worker-stops",
      defaultValue = "0",
      description =
          "The number of stops of a worker by SIGTERM; each may repeat at most one step (0).")
  private int workerStops;

  @Option(
      names = "--step-seconds",
      defaultValue = "20",
      description = "Duration of a step of the job whose workers are stopped, in seconds (20).")
  private int stepSeconds;

  @Option(
      names = "--servers",
      defaultValue = "1",
      description = "The number of servers, which share one PostgreSQL and artifact store (1).")
  private int servers;

  @Option(names = "--workers", defaultValue = "2", description = "Workers, 2 or more (2).")
  private int workers;

  @Option(
      names = "--pgbouncer",
      description = "Several servers connect to PostgreSQL through PgBouncer in transaction mode.")
  private boolean pooled;

  @Option(
      names = "--s3",
      arity = "0..1",
      fallbackValue = "target/s3proxy/s3proxy.jar",
      paramLabel = "JAR",
      description =
          "Several servers store artifacts in S3, served by this jar of S3Proxy (by default the one"
              + " of mvn generate-test-resources).")
  private @Nullable Path s3proxy;

  @Option(
      names = "--unfenced",
      description =
          "Break the program first, so that statements about leases only check the job. The run"
              + " must then find violations.")
  private boolean unfenced;

  @Option(
      names = "--directory",
      paramLabel = "DIR",
      description = "An empty or new directory for data and logs (a temporary one).")
  private @Nullable Path directory;

  @Override
  public Integer call() throws IOException {
    if (minutes < 1 || stepSeconds < 1 || workerKills < 0 || serverKills < 0 || workerStops < 0) {
      throw new ParameterException(
          spec.commandLine(),
          "--minutes and --step-seconds must be 1 or more, kills and stops not negative");
    }
    if (servers < 1 || servers > 9 || workers < 2 || workers > 9) {
      throw new ParameterException(
          spec.commandLine(), "--servers must be 1 to 9, and --workers 2 to 9");
    }
    if (servers == 1 && (pooled || s3proxy != null)) {
      throw new ParameterException(
          spec.commandLine(),
          "--pgbouncer and --s3 need --servers 2 or more: one server brings its own PostgreSQL and"
              + " directory");
    }
    Path work =
        directory == null
            ? Files.createTempDirectory("graft-nemesis-")
            : Files.createDirectories(directory.toAbsolutePath());
    return run(work, spec.commandLine().getOut()) ? 0 : 1;
  }

  /**
   * Runs an undisturbed job, then the same under kills; then one whose workers are stopped.
   *
   * @param directory empty; data directories and logs go there
   * @return whether all kills were made and broke nothing
   */
  private boolean run(Path directory, PrintWriter out) throws IOException {
    Deadline deadline = Deadline.in(Duration.ofMinutes(minutes));
    KillReport report = new KillReport(out);
    report.say("seed %d, logs in %s".formatted(seed, directory));
    Random random = new Random(seed);
    Cluster.Setup setup = new Cluster.Setup(servers, workers, pooled, s3proxy, !unfenced);
    try (Cluster cluster = Cluster.start(directory, setup)) {
      Jobs jobs = new Jobs(cluster.api(), seed);
      if (workerKills + serverKills > 0) {
        String first = jobs.submit();
        Jobs.Result undisturbed = jobs.finish(first);
        report.say("undisturbed: sha256 " + undisturbed.sha256());
        try (Chats chats = new Chats(cluster.api(), jobs.model(first), report)) {
          chats.start();
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
  record WorkerStops(
      Cluster cluster,
      Jobs jobs,
      Random random,
      KillReport report,
      Deadline deadline,
      int stepSeconds) {
    private static final Duration RESUME = Duration.ofMinutes(2);

    /** Of a stop: many steps. */
    private static final int MOST_STEPS = 10;

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
  record ServerKills(
      Cluster cluster, Jobs jobs, Random random, KillReport report, Deadline deadline) {
    /** From preparing a run after the recovery to the middle of training. */
    private static final int LATEST_MOMENT_MS = 20_000;

    void run(int kills, Jobs.Result undisturbed) {
      int done = 0;
      while (done < kills && !deadline.passed()) {
        String job = jobs.submit();
        try (Acknowledged acknowledged = new Acknowledged(cluster.api(), jobs)) {
          acknowledged.start();
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
  static final class Chats extends ClientLoop {
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration FIRST = Duration.ofMinutes(2);
    private static final int TOKENS = 24;

    private final Api api;
    private final Map<String, ?> request;
    private final KillReport report;
    private final String expected;
    private final AtomicInteger answered = new AtomicInteger();

    /**
     * Asks once before anything is killed; that answer is the reference.
     *
     * @throws Cluster.Stuck if there is no answer
     */
    Chats(Api api, String model, KillReport report) {
      super("chats", PAUSE);
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

    @Override
    void call() {
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
      return "chats: %d answered, %d unanswered".formatted(answered.get(), unanswered());
    }
  }

  /** Prints each kill and each violation as it happens. */
  static final class KillReport {
    private final PrintWriter out;
    private int kills;
    private int violations;

    KillReport(PrintWriter out) {
      this.out = out;
    }

    synchronized void say(String line) {
      out.println(line);
      out.flush();
    }

    synchronized void killed(String what, String consequence) {
      kills++;
      say("kill %2d  %-28s %s".formatted(kills, what, consequence));
    }

    synchronized void expect(boolean kept, String otherwise) {
      if (kept) return;
      violations++;
      say("VIOLATION: " + otherwise);
    }

    /** Expects a disturbed job to have the result of the undisturbed one. */
    void expectEqual(String job, Jobs.Result result, Jobs.Result undisturbed) {
      expect(
          result.sha256().equals(undisturbed.sha256()),
          job + " has other bytes than the undisturbed run");
      List<String> losses = result.losses();
      for (int i = 0; i < Math.max(losses.size(), undisturbed.losses().size()); i++) {
        String here = i < losses.size() ? losses.get(i) : "nothing";
        String there = i < undisturbed.losses().size() ? undisturbed.losses().get(i) : "nothing";
        if (here.equals(there)) continue;
        expect(
            false,
            "%s reports other steps than the undisturbed run: \"%s\" instead of \"%s\""
                .formatted(job, here, there));
        return;
      }
    }

    /** Prints the totals; returns whether all planned kills were made without a violation. */
    synchronized boolean close(int planned) {
      if (kills < planned) {
        say("only %d of %d kills were made; increase --minutes".formatted(kills, planned));
      }
      say("%d kills, %d violations".formatted(kills, violations));
      return violations == 0 && kills >= planned;
    }
  }

  /** A client that repeats a call while processes are killed. */
  abstract static class ClientLoop implements AutoCloseable {
    private static final Duration ENDS = Duration.ofSeconds(60);

    private final Duration pause;
    private final AtomicInteger unanswered = new AtomicInteger();
    private final Thread loop;
    private volatile boolean closed;

    ClientLoop(String name, Duration pause) {
      this.pause = pause;
      this.loop = Thread.ofPlatform().name(name).unstarted(this::run);
    }

    /** May throw {@link Cluster.NotAcknowledged}, which is counted. */
    abstract void call();

    void start() {
      loop.start();
    }

    private void run() {
      while (!closed) {
        try {
          call();
        } catch (Cluster.NotAcknowledged e) {
          unanswered.incrementAndGet();
        }
        Cluster.Deadline.pause(pause);
      }
    }

    int unanswered() {
      return unanswered.get();
    }

    /** Waits until the last call has ended. */
    @Override
    public void close() {
      closed = true;
      try {
        loop.join(ENDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Uploads files and submits short jobs continuously, and remembers what the server acknowledged.
   * Requests without an answer may or may not have had an effect.
   */
  static final class Acknowledged extends ClientLoop {
    private static final Duration PAUSE = Duration.ofMillis(250);
    private static final int JOBS_BETWEEN_KILLS = 1;

    private final Api api;
    private final Jobs jobs;
    private final Map<String, String> files = new LinkedHashMap<>();
    private final List<String> submitted = new ArrayList<>();
    private int uploads;
    private int jobsLeft = JOBS_BETWEEN_KILLS;

    Acknowledged(Api api, Jobs jobs) {
      super("acknowledged", PAUSE);
      this.api = api;
      this.jobs = jobs;
    }

    @Override
    void call() {
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
          .formatted(files.size(), submitted.size(), unanswered());
    }

    private void check(KillReport report, String id, String content) {
      try {
        String there =
            new String(api.bytes("/v1/files/" + id + "/content"), StandardCharsets.UTF_8);
        report.expect(there.strip().equals(content.strip()), "file " + id + " has other bytes");
      } catch (Cluster.Stuck lost) {
        report.expect(false, "acknowledged file " + id + ": " + lost.getMessage());
      }
    }

    synchronized List<String> jobs() {
      return List.copyOf(submitted);
    }
  }
}
