/**
 * What goes through a model at once: a {@link dev.graft.training.batch.MicroBatch} is rows of
 * tokens, with targets, with labels, or in pairs of a chosen and a rejected text. Plain arrays:
 * rows may differ in length, and nothing pads them.
 */
@NullMarked
package dev.graft.training.batch;

import org.jspecify.annotations.NullMarked;
