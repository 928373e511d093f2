/**
 * What jobs still need, and what is taken from those that have ended: the answers of this module to
 * those who want to remove something. Files, base models and blobs of unfinished jobs stay;
 * checkpoints and logs of ended jobs go when their department's policy says so ({@link
 * dev.graft.jobs.retention.RetainedCheckpoints}, {@link dev.graft.jobs.retention.RetainedLogs}).
 * The statements that remove them are in {@link dev.graft.jobs.queue.EndedJobs}.
 */
@NullMarked
package dev.graft.jobs.retention;

import org.jspecify.annotations.NullMarked;
