/**
 * One run of a job, from its lease to its end.
 *
 * <p>{@link dev.graft.worker.run.JobRun} fetches what the lease names by digest into copies that it
 * shares with other runs and chats, links them into a directory of its own ({@link
 * dev.graft.worker.run.RunPreparation}), starts a child process ({@link
 * dev.graft.worker.run.TrainerProcess}), turns its events into reports, uploads and commits its
 * checkpoints, uploads the result and repeats {@code complete} until it is answered. {@link
 * dev.graft.worker.run.Heartbeats} renews on a thread of its own and ends last.
 *
 * <p>How it fails: a lease that is lost or can no longer be trusted ends the trainer, and nothing
 * is committed. The trainer's exit status is the class of failure ({@link
 * dev.graft.worker.run.RunEnd}).
 */
@NullMarked
package dev.graft.worker.run;

import org.jspecify.annotations.NullMarked;
