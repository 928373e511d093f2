/**
 * Where jobs and departments stand, and why: from the numbers that the claim itself orders by,
 * {@link dev.graft.jobs.standing.FairShareLedger} reads whose turn it is, {@link
 * dev.graft.jobs.standing.QueuePlace} makes a place and an expected start of them, {@link
 * dev.graft.jobs.standing.JobReason} a sentence for people. It reads only; an answer is true at the
 * moment of asking, and costs no more in a long queue than in a short one.
 */
@NullMarked
package dev.graft.jobs.standing;

import org.jspecify.annotations.NullMarked;
