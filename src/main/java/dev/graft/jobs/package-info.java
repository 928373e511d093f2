/**
 * The life of a job. No other module writes job state.
 *
 * <p>How it works: PostgreSQL is the queue. {@link dev.graft.jobs.JobLedger} has the department's
 * statements (submit, approve, reject, pause, resume, cancel), {@link dev.graft.jobs.Claims} gives
 * jobs to workers, {@link dev.graft.jobs.LeaseLedger} has the statements of a lease (renew,
 * checkpoint, complete, fail, release), and {@link dev.graft.jobs.Reaper} takes expired leases
 * away. A job is {@code queued -> running -> succeeded | failed | cancelled}, possibly {@code
 * paused} in between, and {@code waiting} first if its department requires approval. Each
 * transition is one statement that changes the state, the department's counter of running jobs and
 * the numbered events. Locks are always taken in the order lease, job, progress, department.
 * Workers call through {@link dev.graft.jobs.lease}. The module also has named adapter
 * configurations, to which a job may refer, and the server's view of workers: join tokens,
 * credentials, devices.
 *
 * <p>How it fails:
 *
 * <ul>
 *   <li>A worker dies, freezes or is cut off: its lease expires, the reaper takes it away, and the
 *       next worker resumes from the newest committed checkpoint. No attempt is counted; three
 *       losses without a new checkpoint end the job as poison, if only this job can have caused
 *       them.
 *   <li>The database is away: when it answers again, leases are left alone for as long as one
 *       lasts, and those that ended meanwhile are no losses.
 *   <li>A worker cannot hold a job, or gives it back again and again: other workers get it, or it
 *       waits; jobs behind it pass.
 *   <li>A worker comes back late: the fence (job, epoch, lease token) refuses every write, unless
 *       the job has not been claimed since; then its work is accepted.
 *   <li>The answer to a worker's call is lost: the worker repeats the call. A claim finds what it
 *       has claimed, renewals number their reports, complete recognises its own repetition,
 *       everything else is refused as a lost lease.
 *   <li>The server dies between upload and commit: nothing was published; unreferenced blobs are
 *       swept.
 *   <li>A cancel meets a result, a retry or a reap: the transaction that locks the row first
 *       decides, an earlier cancel wins, and a terminal state never changes.
 *   <li>Counter and jobs disagree, which should be impossible: {@link
 *       dev.graft.jobs.QueueInvariants} reports it in the log, the metrics and the health endpoint;
 *       jobs still end, and the counters are repaired.
 * </ul>
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "spec",
      "platform",
      "platform :: database",
      "training",
      "artifacts",
      "tenancy",
      "catalog",
      "datasets"
    })
package dev.graft.jobs;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
