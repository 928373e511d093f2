/**
 * What tuners are made of and told in: an {@link dev.graft.training.tuner.part.AdapterPart} is
 * something that trains, a {@link dev.graft.training.tuner.part.Slot} a tensor of it, a {@link
 * dev.graft.training.tuner.part.Rewrite} brings it into the statements of a model. {@link
 * dev.graft.training.tuner.part.Starts} gives start values as pure functions of seed and name.
 */
@NullMarked
package dev.graft.training.tuner.part;

import org.jspecify.annotations.NullMarked;
