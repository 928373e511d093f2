/**
 * LoRA and its relatives: factors beside linear layers, embeddings and the output matrix, how they
 * start (random, from the base's weights, from data), and those of AdaLoRA and VeRA. Decompositions
 * are made on the host. A module that is smaller than its rank, or quantised where its numbers are
 * needed, is an {@link IllegalArgumentException}.
 */
@NullMarked
package dev.graft.training.tuner.lora;

import org.jspecify.annotations.NullMarked;
