/**
 * Texts labelled by a model: a checked {@link
 * dev.graft.inference.classification.ClassificationRequest}, and the {@link
 * dev.graft.inference.classification.Classification} that comes of it, whole. {@link
 * dev.graft.inference.classification.Classifications} has it made, for requests and, as {@link
 * dev.graft.inference.TextLabels}, for other modules.
 */
@NullMarked
package dev.graft.inference.classification;

import org.jspecify.annotations.NullMarked;
