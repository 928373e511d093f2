/**
 * A candidate beside the baseline in one metric, question by question: the difference, its
 * confidence interval and what it says ({@link dev.graft.evaluation.comparison.Comparison}). A
 * {@link dev.graft.evaluation.comparison.QualityGate} is what a candidate must reach. Draws are
 * seeded: equal answers give equal numbers.
 */
@NullMarked
package dev.graft.evaluation.comparison;

import org.jspecify.annotations.NullMarked;
