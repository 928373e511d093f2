/**
 * LoRA and its relatives: factors beside linear layers, embeddings and the output matrix, how they
 * start (random, from the base's weights, from data), those of AdaLoRA, VeRA and (IA)^3, and how
 * all of them become part of a weight. Decompositions are made on the host. A module that is
 * smaller than its rank, or quantised where its numbers are needed, is an {@link
 * IllegalArgumentException}.
 */
@NullMarked
package dev.graft.training.tuner.lora;

import org.jspecify.annotations.NullMarked;
