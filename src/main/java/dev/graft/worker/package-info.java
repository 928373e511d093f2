/**
 * The worker: leases jobs, supervises trainers, renews, drains, uploads, completes. It has no
 * access to the database.
 *
 * <p>How it works: one {@link dev.graft.worker.WorkerLoop} per device claims jobs and runs each as
 * a {@link dev.graft.worker.JobRun}, which trains in a child process and reports. The server is in
 * the same process, or another one over HTTP ({@link dev.graft.worker.HttpLeaseProtocol}), which
 * the worker joined once with a token. {@link dev.graft.worker.WorkerStanding} checks the
 * connection to that server without taking work.
 *
 * <p>How it fails:
 *
 * <ul>
 *   <li>The server cannot be reached: training continues while the lease can be trusted (its TTL
 *       less a sixth, from the <em>sending</em> of the last renewal that was answered, on the
 *       monotonic clock); then the trainer is killed.
 *   <li>The trainer dies: its exit status is the class of failure; killed from outside it counts as
 *       a lost worker, not as a failed attempt.
 *   <li>The worker is killed: the trainer's standard input ends and, where {@code setpriv} is
 *       present, the kernel kills it; nothing holds the device.
 *   <li>The worker is asked to stop: no new claims; the running job makes a checkpoint and is given
 *       back, within {@code graft.worker.drain-grace}.
 *   <li>The disk has no room for what the lease names, even after unused copies were evicted: the
 *       job is declined. Another worker gets it, and this one gets other jobs.
 *   <li>The trainer hangs, or the job exceeds its time limit: {@link
 *       dev.graft.worker.JobRun.RunWatch} kills the trainer, and the attempt has failed.
 *   <li>A checkpoint cannot be fetched completely: the one before is used, else the run starts
 *       again.
 * </ul>
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"spec", "platform", "kernels", "training", "artifacts", "jobs :: lease"})
package dev.graft.worker;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
