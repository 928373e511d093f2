/**
 * Leases jobs, supervises trainers, renews, drains, uploads, completes. Holds no database
 * credentials.
 *
 * <p>How it works: one {@link dev.graft.worker.WorkerLoop} per device claims a job and makes a
 * {@link dev.graft.worker.JobRun} of it. That fetches what the lease names by digest into copies
 * that it shares with other runs and chats ({@link dev.graft.artifacts.BlobCache}), links them into
 * a directory of its own ({@link dev.graft.worker.RunPreparation}), starts a child process ({@link
 * dev.graft.worker.TrainerProcess}), turns its events into reports, uploads and commits its
 * checkpoints, uploads the result and repeats {@code complete} until it is answered. {@link
 * dev.graft.worker.Heartbeats} renews on a thread of its own and ends last.
 *
 * <p>How it fails:
 *
 * <ul>
 *   <li>The server cannot be reached: training goes on while the lease can be trusted (its TTL less
 *       a sixth, from the <em>sending</em> of the last renewal that was answered, on the monotonic
 *       clock); then the trainer is killed.
 *   <li>The trainer dies: its exit status is the class of failure; killed from outside it counts as
 *       a lost worker, not as a failed attempt.
 *   <li>The worker is killed: the trainer's standard input ends and, where {@code setpriv} is
 *       present, the kernel kills it; nothing holds the device.
 *   <li>The worker is asked to stop: no new claims; the running job makes a checkpoint and is given
 *       back, within {@code graft.worker.drain-grace}.
 *   <li>The disk has no room for what the lease names, however much that is not in use is evicted:
 *       the job is given back, and the worker claims no other for a while, so that another worker
 *       gets it.
 *   <li>A checkpoint cannot be fetched whole: the one before is used, else the run starts again.
 * </ul>
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "spec",
      "artifacts",
      "training",
      "training :: protocol",
      "jobs :: lease"
    })
package dev.graft.worker;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
