/**
 * What training and evaluation report: a loss summed over its targets ({@link
 * dev.graft.training.metrics.TokenLoss}), TRL's figures of preference pairs, scikit-learn's of
 * labels. Losses and figures of pairs are sums, not means, so that batches add up.
 */
@NullMarked
package dev.graft.training.metrics;

import org.jspecify.annotations.NullMarked;
