/**
 * Device time that was used, by day, department, account, job and class of worker, in the shape of
 * OpenAI's usage pages or as CSV. {@link dev.graft.jobs.usage.UsageLedger} counts it from the
 * leases themselves: what was lost with a worker counts as well, and there is no second account
 * that could disagree.
 */
@NullMarked
package dev.graft.jobs.usage;

import org.jspecify.annotations.NullMarked;
