/**
 * The questions of an evaluation and what models said to them. {@link
 * dev.graft.evaluation.samples.ChosenQuestions} draws so many of a file's rows in bounded memory,
 * equal seeds the same of equal files; each {@link dev.graft.evaluation.samples.GradedAnswer} is
 * kept with its scores ({@link dev.graft.evaluation.samples.AnswerRows}). What PostgreSQL cannot
 * keep as text is not asked.
 */
@NullMarked
package dev.graft.evaluation.samples;

import org.jspecify.annotations.NullMarked;
