/**
 * The queue as SQL: every statement that changes {@code job}, {@code job_lease}, {@code
 * job_progress}, {@code job_event}, {@code job_checkpoint} or a department's counter of running
 * jobs is here, and nowhere else.
 *
 * <p>In the order of a job's life: {@link dev.graft.jobs.queue.JobLedger} has what its department
 * asks for, {@link dev.graft.jobs.queue.LeaseLedger} the claim ({@link
 * dev.graft.jobs.queue.ClaimStatement}) and the life of a lease, {@link
 * dev.graft.jobs.queue.LeaseEndings} and {@link dev.graft.jobs.queue.LostLeases} its end, {@link
 * dev.graft.jobs.queue.EndedJobs} what is put away or forgotten later; {@link
 * dev.graft.jobs.queue.JobRows} reads. What moves a job ends with a {@link
 * dev.graft.jobs.queue.Transition}, which numbers and writes the event. Beside them are the numbers
 * that the claim goes by: {@link dev.graft.jobs.queue.FairShare} between departments, {@link
 * dev.graft.jobs.queue.JobMemory} against what {@link dev.graft.jobs.queue.WorkerDevices} hold.
 *
 * <p>How it fails: a statement that finds the job in another state, or the lease gone, changes
 * nothing and says so; locks are always taken in the order lease, job, progress, department.
 */
@NullMarked
package dev.graft.jobs.queue;

import org.jspecify.annotations.NullMarked;
