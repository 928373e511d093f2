package dev.graft.model;

import org.jspecify.annotations.Nullable;

/**
 * What trains of the matrix that makes logits, where that matrix is not a slot itself.
 *
 * @param slot whose gradient is that of the last columns, as many as it has
 * @param rows name of a tensor with the rows of the matrix that the slot stands for; null = all
 */
record OutputPart(String slot, @Nullable String rows) {}
