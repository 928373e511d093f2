/**
 * Whether a model is better than another, and which version a department's alias stands for.
 *
 * <p>How it works: a request names models, a file and graders. Evaluations are leased work: {@link
 * dev.graft.evaluation.Evaluator} keeps a sample of the file's rows and asks one model after the
 * other; each answer is a row, written with its scores. When all are there, candidates are compared
 * with the baseline question by question, and the quality gates are checked. An alias is a row, and
 * so is each move of it: programs ask the alias, people move it to a better version, by a passed
 * evaluation if they like, and back. A move locks the alias, then the adapter, so of two moves the
 * second sees the first. Row, move, entry of the audit log and deliveries of webhooks commit
 * together.
 *
 * <p>How it fails, and what then holds:
 *
 * <ul>
 *   <li>The server dies: its claim expires, and the next claimer goes on with the first question
 *       that has no answer. Every write names the claim and must find it.
 *   <li>No worker answers chats at the moment: the evaluation waits for a day, then it fails.
 *   <li>A question does not fit a model, or breaks it three times: it is left out of all numbers,
 *       for every model, and reported.
 *   <li>A model is deleted meanwhile: the evaluation fails. Its answers so far stay.
 *   <li>A refused move changes nothing. A model that an alias stands for is deleted neither by
 *       people nor by retention, which also keeps what a rollback would go back to.
 * </ul>
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: database",
      "platform :: work",
      "text",
      "artifacts",
      "tenancy",
      "datasets",
      "adapters",
      "inference"
    })
package dev.graft.evaluation;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
