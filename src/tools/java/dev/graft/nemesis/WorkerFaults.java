package dev.graft.nemesis;

import dev.graft.nemesis.Cluster.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Lets a {@link WorkerFault} befall the worker of a running job, each in its turn. The job must go
 * on from its last checkpoint, cost no attempt, and end with the bytes of the undisturbed run; a
 * trainer whose lease is lost must end.
 */
final class WorkerFaults {
  private static final Duration ORPHAN = Duration.ofSeconds(5);

  /** A pause or cut that no other worker makes up for. */
  private static final Duration LONGEST = Duration.ofSeconds(60);

  private static final Duration RESUME = Duration.ofMinutes(2);
  private static final int LATEST_MOMENT_MS = 9000;

  /** A third loss without a new checkpoint would rightly end the job as poison. */
  private static final int LOSSES_WITHOUT_CHECKPOINT = 2;

  private final Cluster cluster;
  private final Jobs jobs;
  private final Random random;
  private final NemesisCommand.KillReport report;
  private final Deadline deadline;
  private int done;

  WorkerFaults(
      Cluster cluster,
      Jobs jobs,
      Random random,
      NemesisCommand.KillReport report,
      Deadline deadline) {
    this.cluster = cluster;
    this.jobs = jobs;
    this.random = random;
    this.report = report;
    this.deadline = deadline;
  }

  void run(int kills, Jobs.Result undisturbed) {
    while (done < kills && !deadline.passed()) {
      String job = jobs.submit();
      disturb(job, kills);
      Jobs.Result result = jobs.finish(job);
      report.say("         %s ended: sha256 %s".formatted(job, result.sha256()));
      report.expectEqual(job, result, undisturbed);
      report.expect(
          jobs.messages(job).stream().noneMatch(message -> message.startsWith("Trying again")),
          job + " was charged a failed attempt");
    }
  }

  private void disturb(String job, int kills) {
    int before = 0;
    long seen = 0;
    long atCheckpoint = 0;
    while (done < kills && !deadline.passed()) {
      Optional<Cluster.Worker> holder = moment(job);
      if (holder.isEmpty()) return;
      int checkpoint = jobs.checkpoint(job);
      long losses = jobs.losses(job);
      // What was lost since the last look may have been lost after it.
      if (checkpoint > before) atCheckpoint = seen;
      before = checkpoint;
      seen = losses;
      if (losses - atCheckpoint < LOSSES_WITHOUT_CHECKPOINT) {
        if (!strike(job, holder.get(), checkpoint)) return;
      } else if (!newCheckpoint(job, before)) {
        return;
      }
    }
  }

  private boolean newCheckpoint(String job, int before) {
    return Deadline.in(RESUME).await(() -> jobs.checkpoint(job) > before || jobs.ended(job))
        && !jobs.ended(job);
  }

  /** Waits for a random moment of the run; the worker that has a trainer then. */
  private Optional<Cluster.Worker> moment(String job) {
    Deadline.in(RESUME).await(() -> cluster.holder().isPresent() || jobs.ended(job));
    Deadline.pause(Duration.ofMillis(random.nextInt(LATEST_MOMENT_MS)));
    return jobs.ended(job) ? Optional.empty() : cluster.holder();
  }

  /** False if the job ended instead. */
  private boolean strike(String job, Cluster.Worker worker, int checkpoint) {
    WorkerFault fault = WorkerFault.values()[done++ % WorkerFault.values().length];
    int step = jobs.step(job);
    long lossesBefore = jobs.losses(job);
    List<ProcessHandle> trainers = worker.node().trainers();
    long struck = System.nanoTime();
    fault.strike(worker);
    if (fault.lasts()) {
      Deadline.in(LONGEST).await(() -> jobs.resumed(job, lossesBefore) >= 0 || jobs.ended(job));
      fault.mend(worker);
    }
    long over = System.nanoTime();
    boolean gone = gone(trainers);
    double goneAfter = seconds(over);
    if (!fault.lasts()) fault.mend(worker);
    boolean resumed =
        Deadline.in(RESUME).await(() -> jobs.resumed(job, lossesBefore) >= 0 || jobs.ended(job));
    int from = jobs.resumed(job, lossesBefore);
    report.killed(
        fault.of(worker),
        "at step %d, checkpoint %d; trainer gone after %.1f s; %s"
            .formatted(
                step,
                checkpoint,
                goneAfter,
                from < 0
                    ? "the job had ended"
                    : "%s went on after step %d in %.1f s"
                        .formatted(
                            jobs.get(job).path("worker").asString("?"), from, seconds(struck))));
    report.expect(gone, "a trainer outlived the loss of its lease by 5 s");
    report.expect(resumed, job + " was not resumed");
    report.expect(from < 0 || from >= checkpoint, job + " lost a committed checkpoint");
    return from >= 0;
  }

  private static boolean gone(List<ProcessHandle> trainers) {
    Deadline deadline = Deadline.in(ORPHAN);
    for (ProcessHandle trainer : trainers) {
      try {
        trainer
            .onExit()
            .get(Math.max(1, deadline.nanos() - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (TimeoutException | ExecutionException e) {
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }

  /** A fault of the worker of a running job. */
  enum WorkerFault {
    WORKER_KILLED("worker of %s"),
    TRAINER_KILLED("trainer of %s"),

    /** Longer than its lease, so that it still believes in its lease when it resumes. */
    WORKER_PAUSED("%s paused"),

    /** Longer than its lease, so that its requests arrive after another worker has the job. */
    NETWORK_CUT("network of %s cut");

    private final String description;

    WorkerFault(String description) {
      this.description = description;
    }

    String of(Cluster.Worker worker) {
      return description.formatted(worker.node().name());
    }

    /**
     * Returns whether it lasts until another worker has the job; otherwise it is repaired at once.
     */
    boolean lasts() {
      return this == WORKER_PAUSED || this == NETWORK_CUT;
    }

    void strike(Cluster.Worker worker) {
      switch (this) {
        case WORKER_KILLED -> worker.node().kill();
        case TRAINER_KILLED -> worker.node().trainers().forEach(ProcessHandle::destroyForcibly);
        case WORKER_PAUSED -> worker.node().pause();
        case NETWORK_CUT -> worker.link().cut();
      }
    }

    void mend(Cluster.Worker worker) {
      switch (this) {
        case WORKER_KILLED -> worker.node().start();
        case TRAINER_KILLED -> {}
        case WORKER_PAUSED -> worker.node().goOn();
        case NETWORK_CUT -> worker.link().mend();
      }
    }
  }
}
