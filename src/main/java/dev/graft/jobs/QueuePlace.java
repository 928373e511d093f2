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
 * The place of a waiting job and why it waits, from the numbers that the claim uses. The reason is
 * the first of several, each of which keeps the job from starting now.
 *
 * @param position 1 = next of its department; one more than {@link JobRows#COUNTED} = any place
 *     behind that
 * @param eta when it is expected to start; null = not known
 */
record QueuePlace(long position, JobReason why, @Nullable Instant eta) {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /**
   * A job that waits, or would wait if it were submitted.
   *
   * @param delayedUntil when it is tried again; null = it may start now
   */
  record Waiting(JobNeeds needs, long position, @Nullable Instant delayedUntil) {}

  static QueuePlace of(JobRows.JobRow job, QueueTurn turn) {
    return of(
        new Waiting(
            job.demand().needs(), job.position() == null ? 1 : job.position(), job.delayedUntil()),
        turn);
  }

  static QueuePlace of(Waiting job, QueueTurn turn) {
    return new QueuePlace(job.position(), why(job, turn), eta(job, turn));
  }

  private static JobReason why(Waiting job, QueueTurn turn) {
    if (job.delayedUntil() != null) {
      return new JobReason(
          "It will be tried again at %s, because its last run ended early."
              .formatted(TIME.format(job.delayedUntil())),
          "Wait; its events show what went wrong.");
    }
    if (!turn.workers()) {
      return new JobReason(
          "No worker is available: none has asked for work in the last minute.",
          "Ask an operator to start a worker: bin/graft serve --role worker.");
    }
    Optional<NoWorkerFits> obstacle = obstacle(job, turn);
    if (obstacle.isPresent()) {
      return new JobReason(obstacle.get().reason(), obstacle.get().remedy());
    }
    if (turn.running() >= turn.maxRunning()) return atMost(turn);
    if (job.position() > 1) return behind(job.position() - 1);
    if (turn.ahead() > 0) return others(turn.ahead());
    return new JobReason("It is next and starts when a worker is free.", "Wait for a worker.");
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
        "%d of %d jobs of this department are running, its maximum: the next starts when one of them ends."
            .formatted(turn.running(), turn.maxRunning()),
        "Wait, pause a running job, or ask an administrator for a higher max_running_jobs.");
  }

  private static JobReason behind(long others) {
    return new JobReason(
        others > JobRows.COUNTED
            ? "More than %d other jobs of this department come before it."
                .formatted(JobRows.COUNTED)
            : "%d other %s of this department %s before it."
                .formatted(others, others == 1 ? "job" : "jobs", others == 1 ? "comes" : "come"),
        "Wait, or submit urgent jobs with a higher priority.");
  }

  private static JobReason others(int departments) {
    return new JobReason(
        usedLess(departments), "Wait; the department's fair share shows the numbers.");
  }

  static String usedLess(int departments) {
    if (departments > FairShareLedger.COUNTED) {
      return "More than %d other departments used less for their weight and come first."
          .formatted(FairShareLedger.COUNTED);
    }
    return departments == 1
        ? "1 other department used less for its weight and comes first."
        : "%d other departments used less for their weight and come first.".formatted(departments);
  }

  /**
   * Returns the expected start, which is known only if no other department comes first: if the
   * department runs its maximum of jobs, its n-th waiting job starts at the n-th end of them; else
   * its next job starts at the first end of any running job.
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
   * The turn of a department, read once for all its waiting jobs.
   *
   * @param workers whether a worker has called in the last minute, or has a job
   * @param offers of workers that asked for work in the last 30 days
   * @param ahead other departments that have startable jobs and a lower share; counted up to {@link
   *     FairShareLedger#COUNTED}, one more = any number above
   * @param ownEnds known expected ends of the department's running jobs, in order
   * @param firstEnd the first known expected end of all running jobs; null = none is known
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
