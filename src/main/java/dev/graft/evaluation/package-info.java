/**
 * Whether a model is better than another: the same questions to a baseline and to candidates, their
 * answers measured against those that are known, and what the differences are worth. An {@link
 * dev.graft.evaluation.EvaluationRows.Evaluation} does what its {@link
 * dev.graft.evaluation.EvaluationPlan} says.
 *
 * <p>How it works: a request ({@link dev.graft.evaluation.EvaluationRequest}) names models, a file
 * and {@link dev.graft.evaluation.Grader}s. Evaluations are leased work: {@link
 * dev.graft.evaluation.Evaluator} keeps a sample of the file's rows with one, and asks one model
 * after the other ({@link dev.graft.inference.GreedyCompletions}, of classifiers {@link
 * dev.graft.inference.TextLabels}); each answer is a row, written with its scores. When all are
 * there, {@link dev.graft.evaluation.EvaluationResults} compares candidates with the baseline
 * question by question ({@link dev.graft.evaluation.Comparison}) and looks at the {@link
 * dev.graft.evaluation.QualityGate}s. Departments take turns, a slice of time each.
 *
 * <p>How it fails, and what then holds:
 *
 * <ul>
 *   <li>The server dies: its claim runs out, and whoever claims next goes on with the first
 *       question that has no answer. Every write names the claim and must find it.
 *   <li>Nobody answers chats at the moment: the evaluation waits, for a day; then it has failed.
 *   <li>A question does not fit a model, or breaks it three times: it is left out of all numbers,
 *       for every model, and told.
 *   <li>A model is deleted meanwhile: the evaluation has failed. Its answers so far stay.
 * </ul>
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: *",
      "text :: row",
      "tenancy",
      "artifacts",
      "retention",
      "datasets",
      "adapters",
      "adapters :: models",
      "inference",
      "work"
    })
package dev.graft.evaluation;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
