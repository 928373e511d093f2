/**
 * Works at evaluations. Each thread ({@link dev.graft.evaluation.run.EvaluationLoop}) claims one
 * after the other and works at it for a slice of time: its questions, the models' answers, its
 * results ({@link dev.graft.evaluation.run.Evaluator}).
 *
 * <p>Every statement names its claim and must find it ({@link
 * dev.graft.evaluation.run.EvaluationLedger}); {@link dev.graft.evaluation.run.KeptClaim} renews
 * it, and interrupts the thread once it is lost. A server that dies loses nothing but its claim:
 * whoever claims next goes on with the first question without an answer.
 */
@NullMarked
package dev.graft.evaluation.run;

import org.jspecify.annotations.NullMarked;
