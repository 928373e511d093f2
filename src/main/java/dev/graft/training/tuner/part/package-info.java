/**
 * What a {@link dev.graft.training.tuner.part.Tuner} tells of a method, in three parts: what trains
 * ({@link dev.graft.training.tuner.part.Trainable}), how it lies in files ({@link
 * dev.graft.training.tuner.part.SavedForm}), what becomes part of the base's weights ({@link
 * dev.graft.training.tuner.part.Mergeable}). Most methods are nothing but their {@link
 * dev.graft.training.tuner.part.AdapterPart}s. {@link dev.graft.training.tuner.part.Starts} gives
 * start values as pure functions of seed and name.
 */
@NullMarked
package dev.graft.training.tuner.part;

import org.jspecify.annotations.NullMarked;
