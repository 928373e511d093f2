/**
 * A candidate beside the baseline in one metric, question by question: the difference, its
 * confidence interval and what it says ({@link dev.graft.evaluation.comparison.Comparison}); of
 * classifiers the F1, which is no mean of questions ({@link
 * dev.graft.evaluation.comparison.MacroF1}), and which labels are taken for which ({@link
 * dev.graft.evaluation.comparison.ConfusionMatrix}). A {@link
 * dev.graft.evaluation.comparison.QualityGate} is what a candidate must reach. Draws are seeded:
 * equal answers give equal numbers.
 */
@NullMarked
package dev.graft.evaluation.comparison;

import org.jspecify.annotations.NullMarked;
