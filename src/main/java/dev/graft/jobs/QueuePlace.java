package dev.graft.jobs;

import dev.graft.jobs.JobObjects.JobReason;
import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a waiting job stands and why it waits, from the numbers that the claim goes by. The first
 * case that holds is told: each of them alone keeps the job from starting now.
 *
 * @param position 1 = next of its department; one more than {@link JobRows#COUNTED} is any place
 *     behind
 * @param eta when it is expected to start; null = that is not known
 */
record QueuePlace(long position, JobReason why, @Nullable Instant eta) {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /**
   * A job that waits, or one that is not submitted yet.
   *
   * @param delayedUntil when it is tried again; null = it may start now
   */
  public record Waiting(JobNeeds needs, long position, @Nullable Instant delayedUntil) {}

  public static QueuePlace of(JobRows.JobRow job, QueueTurn turn) {
    return of(
        new Waiting(
            job.demand().needs(), job.position() == null ? 1 : job.position(), job.delayedUntil()),
        turn);
  }

  public static QueuePlace of(Waiting job, QueueTurn turn) {
    return new QueuePlace(job.position(), why(job, turn), eta(job, turn));
  }

  private static JobReason why(Waiting job, QueueTurn turn) {
    if (job.delayedUntil() != null) {
      return new JobReason(
          "It is tried again at %s: its last run ended early."
              .formatted(TIME.format(job.delayedUntil())),
          "Wait; its events tell what went wrong.");
    }
    if (!turn.workers()) {
      return new JobReason(
          "No worker is there: none has asked for work in the last minute.",
          "An operator starts a worker: bin/graft serve --role worker.");
    }
    Optional<NoWorkerFits> obstacle = obstacle(job, turn);
    if (obstacle.isPresent()) {
      return new JobReason(obstacle.get().reason(), obstacle.get().remedy());
    }
    if (turn.running() >= turn.maxRunning()) return atMost(turn);
    if (job.position() > 1) return behind(job.position() - 1);
    if (turn.ahead() > 0) return others(turn.ahead());
    return new JobReason("It is next: it starts when a worker is free.", "Wait for a worker.");
  }

  private static Optional<NoWorkerFits> obstacle(Waiting job, QueueTurn turn) {
    return NoWorkerFits.of("It", job.needs(), turn.offers());
  }

  private static JobReason atMost(QueueTurn turn) {
    if (turn.maxRunning() == 0) {
      return new JobReason(
          "This department may not run jobs now: its max_running_jobs is 0.",
          "Ask an administrator for a higher max_running_jobs.");
    }
    return new JobReason(
        "%d of %d jobs of this department run at once: the next starts when one of them ends."
            .formatted(turn.running(), turn.maxRunning()),
        "Wait, pause one that runs, or ask an administrator for a higher max_running_jobs.");
  }

  private static JobReason behind(long others) {
    return new JobReason(
        others > JobRows.COUNTED
            ? "More than %d other jobs of this department come before it."
                .formatted(JobRows.COUNTED)
            : "%d other %s of this department %s before it."
                .formatted(others, others == 1 ? "job" : "jobs", others == 1 ? "comes" : "come"),
        "Wait, or submit what is urgent with a higher priority.");
  }

  private static JobReason others(int departments) {
    return new JobReason(
        usedLess(departments), "Wait; the fair share of the department has the numbers.");
  }

  static String usedLess(int departments) {
    if (departments > FairShareLedger.COUNTED) {
      return "More than %d other departments used less for their weight, and come first."
          .formatted(FairShareLedger.COUNTED);
    }
    return departments == 1
        ? "1 other department used less for its weight, and comes first."
        : "%d other departments used less for their weight, and come first.".formatted(departments);
  }

  /**
   * Known only where nobody else comes first: the n-th of the department waits for the n-th end of
   * its running jobs where they are as many as may run, else the next one for the first end of all.
   */
  private static @Nullable Instant eta(Waiting job, QueueTurn turn) {
    if (job.delayedUntil() != null || !turn.workers() || turn.ahead() > 0) return null;
    if (obstacle(job, turn).isPresent()) return null;
    if (turn.running() >= turn.maxRunning()) {
      int ends = turn.ownEnds().size();
      return job.position() <= ends ? turn.ownEnds().get((int) job.position() - 1) : null;
    }
    return job.position() == 1 ? turn.firstEnd() : null;
  }

  /**
   * What all waiting jobs of a department wait for, read once for all of them.
   *
   * @param workers whether one has been heard of in the last minute, or has a job
   * @param offers of workers that asked for work in the last month
   * @param ahead other departments with work that may start and a smaller share; counted up to
   *     {@link FairShareLedger#COUNTED}, and one more is any number
   * @param ownEnds when the department's running jobs are expected to end, the first first; only
   *     what is known
   * @param firstEnd when the first of all running jobs is expected to end, if that is known of any
   */
  record QueueTurn(
      int running,
      int maxRunning,
      boolean workers,
      List<WorkerDevices.DeviceOffer> offers,
      int ahead,
      List<Instant> ownEnds,
      @Nullable Instant firstEnd) {
    static QueueTurn of(ResultSet row, int number) throws SQLException {
      return new QueueTurn(
          row.getInt("running"),
          row.getInt("max_running"),
          row.getBoolean("workers"),
          WorkerDevices.DeviceOffer.list(row.getString("offers")),
          row.getInt("ahead"),
          ResultColumns.times(row, "own_ends"),
          ResultColumns.timeOrNull(row, "first_end"));
    }
  }
}
