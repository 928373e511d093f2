/**
 * The life of a job; the only writer of job state.
 *
 * <p>How it works: PostgreSQL is the queue, and {@link dev.graft.jobs.queue} has every statement
 * that changes it. {@link dev.graft.jobs.JobLedger} has the department's statements (submit,
 * approve, reject, pause, resume, cancel), {@link dev.graft.jobs.LeaseLedger} the worker's
 * (<b>claim</b>, renew, checkpoint), {@link dev.graft.jobs.LeaseEndings} those by which it ends a
 * lease (complete, fail, release), {@link dev.graft.jobs.LostLeases} the one that takes a lease
 * away. A job is {@code queued -> running -> succeeded | failed | cancelled}, or {@code paused} on
 * the way, and first of all {@code waiting} where its department wants it approved; every
 * transition is one statement that moves the state, moves the department's counter of running jobs
 * and writes the numbered event. {@link dev.graft.jobs.SubmitJob} puts a job in, {@link
 * dev.graft.jobs.JobReason} tells people where it stands. {@link dev.graft.jobs.LeaseDesk} answers
 * workers, whose calls module {@code workers} takes over HTTP or in process; {@link
 * dev.graft.jobs.Publication} commits a result. Clients follow events as they happen ({@link
 * dev.graft.jobs.FollowedJobs}). Of jobs that have ended, retention takes checkpoints and logs
 * ({@link dev.graft.jobs.retention}).
 *
 * <p>How it fails, and what then holds:
 *
 * <ul>
 *   <li>A worker dies, freezes or is cut off: its lease expires, {@link dev.graft.jobs.Reaper}
 *       takes it away, the next worker resumes from the newest committed checkpoint. No attempt is
 *       counted; three losses without a new checkpoint end the job as poison, where only this job
 *       can have caused them.
 *   <li>The database is away: when it answers again, leases are left alone for as long as one
 *       lasts, and those that ended meanwhile are no losses.
 *   <li>A worker cannot hold a job, or gives it back again and again: others get it, or it waits;
 *       jobs behind it pass.
 *   <li>A worker comes back late: the fence (job, epoch, lease token) refuses whatever it writes,
 *       unless nobody else has had the job since; then its work is taken.
 *   <li>The answer to a worker's call is lost: it repeats the call. A claim finds what it has
 *       claimed, renewals number their reports, complete recognises its own repetition, everything
 *       else is refused as a lost lease.
 *   <li>The server dies between upload and commit: nothing was published; blobs nobody refers to
 *       are garbage.
 *   <li>A cancel meets a result, a retry or a reap: whoever locks the row first decides, a cancel
 *       that was asked for before wins, and a terminal state never changes.
 *   <li>Counter and jobs disagree, which cannot happen: {@link dev.graft.jobs.QueueInvariants} says
 *       so, in the log, the metrics and the health endpoint; jobs end all the same, and {@link
 *       dev.graft.jobs.CounterRepair} counts anew.
 * </ul>
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: *",
      "spec",
      "spec :: *",
      "tenancy",
      "tenancy :: limits",
      "artifacts",
      "artifacts :: cache",
      "artifacts :: manifest",
      "retention",
      "catalog",
      "datasets",
      "recipes",
      "training :: fit"
    })
package dev.graft.jobs;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
