/**
 * Trains jobs larger than one device on a Ray cluster: a worker without a device holds the lease,
 * and {@link dev.graft.worker.ray.RayTrainer} stands where a child process stands otherwise.
 *
 * <p>How it works: a run has a directory that the worker and the cluster both see ({@link
 * dev.graft.worker.ray.SharedRun}), with the run request, its files, directives, events and the
 * result. The program of {@code engines/ray} is submitted by Ray's Jobs API ({@link
 * dev.graft.worker.ray.RayJobs}) under the job's id and the lease's epoch ({@link
 * dev.graft.worker.ray.SubmissionId}). What it writes is copied, as regular files only, before it
 * is uploaded.
 *
 * <p>How it fails:
 *
 * <ul>
 *   <li>The worker is killed: the run goes on, and the worker that gets the next lease adopts it
 *       ({@link dev.graft.worker.ray.OlderRuns}). A run that nobody follows for {@code
 *       graft.worker.ray.patience} ends by itself after a checkpoint.
 *   <li>The Ray job dies without a word, or the cluster has forgotten it: that counts as a lost
 *       worker, and the job goes on from its last committed checkpoint.
 *   <li>The cluster does not answer: the worker waits for it, as long as the patience; the run may
 *       be alive.
 *   <li>The answer to a submission is lost: the id is there already, and is adopted.
 * </ul>
 */
@NullMarked
package dev.graft.worker.ray;

import org.jspecify.annotations.NullMarked;
