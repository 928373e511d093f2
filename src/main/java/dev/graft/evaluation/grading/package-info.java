/**
 * Says how good an answer is, from 0 to 1, by the answer that is known: OpenAI's {@code
 * string_check} and {@code text_similarity} graders. {@link dev.graft.evaluation.grading.Grader} is
 * one as it was asked for; its scores depend on the two texts alone.
 */
@NullMarked
package dev.graft.evaluation.grading;

import org.jspecify.annotations.NullMarked;
