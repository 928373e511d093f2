/**
 * The queue as SQL: every statement that changes {@code job}, {@code job_lease}, {@code
 * job_progress} or a department's counter of running jobs is here, and nowhere else.
 *
 * <p>{@link dev.graft.jobs.queue.JobLedger} has the department's side, {@link
 * dev.graft.jobs.queue.LeaseLedger} and {@link dev.graft.jobs.queue.LeaseEndings} the worker's;
 * {@link dev.graft.jobs.queue.JobPause}, {@link dev.graft.jobs.queue.JobApproval} and {@link
 * dev.graft.jobs.queue.EndedJobs} the rest. Beside them are the rows that they read and write, and
 * the numbers that the claim goes by: {@link dev.graft.jobs.queue.FairShare} between departments,
 * {@link dev.graft.jobs.queue.JobMemory} against what {@link dev.graft.jobs.queue.WorkerDevices}
 * hold.
 *
 * <p>How it fails: a statement that finds the job in another state, or the lease gone, changes
 * nothing and says so; locks are always taken in the order lease, job, progress, department.
 */
@NullMarked
package dev.graft.jobs.queue;

import org.jspecify.annotations.NullMarked;
