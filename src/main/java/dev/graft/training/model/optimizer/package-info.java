/**
 * An optimiser step. {@link dev.graft.training.model.optimizer.Parameters} holds what trains, its
 * gradients and Adam's moments as flat vectors; {@link dev.graft.training.model.optimizer.AdamW}
 * has the settings, {@link dev.graft.training.model.optimizer.Schedules} the learning rates. A
 * {@link dev.graft.training.model.optimizer.StepRule} is what a method does beside it, such as
 * AdaLoRA's allocation of ranks.
 */
@NullMarked
package dev.graft.training.model.optimizer;

import org.jspecify.annotations.NullMarked;
