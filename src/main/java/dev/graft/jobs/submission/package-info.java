/**
 * The way of a request into the queue. {@link dev.graft.jobs.submission.JobRequest} checks the body
 * as far as it can be without looking anything up; {@link dev.graft.jobs.submission.SubmitJob}
 * looks up what it names, {@link dev.graft.jobs.submission.BaseModelFit} whether its settings fit
 * the base model, {@link dev.graft.jobs.submission.ParentLookup} what it continues from, {@link
 * dev.graft.jobs.submission.Admission} whether the department may have one more. The same checks
 * serve those who only ask: validation of settings, a preview of the rows and a quote, for which
 * {@link dev.graft.jobs.submission.RowInspection} has a child process read rows that nobody trusts.
 *
 * <p>How it fails: a request is refused with the path of what is wrong, before anything is written;
 * the limits are counted in the transaction that submits.
 */
@NullMarked
package dev.graft.jobs.submission;

import org.jspecify.annotations.NullMarked;
