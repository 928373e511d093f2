/**
 * A compiled model and one micro-batch on its way through it. {@link
 * dev.graft.training.model.forward.Transformer} is a row of stages: the embedding, the layers, the
 * head. A {@link dev.graft.training.model.forward.LayerPass} goes up and down them under one {@link
 * dev.graft.training.ComputePlan}, which says what is kept for the way down and what is computed
 * again; closing it frees what an error has left. A {@link
 * dev.graft.training.model.forward.TokenLayout} lays rows out one after the other, and what several
 * begin with once; {@link dev.graft.training.model.forward.BatchInputs} tells attention who sees
 * whom.
 */
@NullMarked
package dev.graft.training.model.forward;

import org.jspecify.annotations.NullMarked;
