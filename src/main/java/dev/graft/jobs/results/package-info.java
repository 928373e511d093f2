/**
 * What becomes of a job that succeeds, and how it is found again. {@link
 * dev.graft.jobs.results.Publication} verifies what the worker uploaded and commits job, result
 * file and, through {@link dev.graft.jobs.JobSucceeded}, the other modules' rows in one
 * transaction. {@link dev.graft.jobs.results.SourceJobs} finds the job behind a model's name or a
 * checkpoint's, {@link dev.graft.jobs.results.JobLineage} which jobs continued from which.
 *
 * <p>How it fails: before the commit nothing is visible, after it everything is; a worker that said
 * complete and lost the answer says it again.
 */
@NullMarked
@NamedInterface("results")
package dev.graft.jobs.results;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
