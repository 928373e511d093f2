/**
 * Works at evaluations, a slice of time at each: its questions, the models' answers, its results
 * ({@link dev.graft.evaluation.run.Evaluator}).
 *
 * <p>Every write is under a claim of leased work and must find it ({@link
 * dev.graft.evaluation.run.EvaluationLedger}). A server that dies loses nothing but its claim:
 * whoever claims next goes on with the first question without an answer.
 */
@NullMarked
package dev.graft.evaluation.run;

import org.jspecify.annotations.NullMarked;
