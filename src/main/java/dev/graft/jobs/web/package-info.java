/**
 * OpenAI's API of fine-tuning jobs, with Graft's additions: {@link
 * dev.graft.jobs.web.JobController} and {@link dev.graft.jobs.web.ApprovalController} take the
 * requests, {@link dev.graft.jobs.web.JobObject} is a job as clients see it. What has an answer of
 * its own (quotes, event streams, usage, fair share) has its controller where it is made.
 */
@NullMarked
package dev.graft.jobs.web;

import org.jspecify.annotations.NullMarked;
