/**
 * Architectures: a {@link dev.graft.training.model.family.Family} says what the embedding, the
 * layers and the head of a model compute, as statements, and how its tensors are called. What sets
 * relatives apart is in their config.
 */
@NullMarked
package dev.graft.training.model.family;

import org.jspecify.annotations.NullMarked;
