/**
 * The start of EVA: rows go through a base without its adapter, and the directions in which the
 * inputs of its layers vary most become the factors A of a LoRA ({@link
 * dev.graft.training.model.eva.EvaStart}). Data or a base that do not fit the settings are an
 * {@link IllegalArgumentException}.
 */
@NullMarked
package dev.graft.training.model.eva;

import org.jspecify.annotations.NullMarked;
