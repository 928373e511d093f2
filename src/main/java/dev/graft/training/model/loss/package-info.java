/**
 * How far off a model's outputs are, and the gradient of that at the head: of next tokens, of
 * labels, or of preferences between two texts ({@link dev.graft.training.model.loss.Goal}). {@link
 * dev.graft.training.model.loss.OutputLoss} goes from what the head computes to log-probabilities
 * of tokens, and back. The losses of labels and pairs are computed here, in double, when they are
 * read; their gradients by kernels.
 */
@NullMarked
package dev.graft.training.model.loss;

import org.jspecify.annotations.NullMarked;
