/**
 * Rows of tokens as batches: which rows make up step k ({@link dev.graft.training.data.BatchPlan}),
 * how rows share sequences ({@link dev.graft.training.data.Packing}), and what a batch of them is
 * ({@link dev.graft.training.data.TokenRows}). Pure functions of lengths, settings and seed; the
 * rules are those of transformers and TRL.
 */
@NullMarked
package dev.graft.training.data;

import org.jspecify.annotations.NullMarked;
