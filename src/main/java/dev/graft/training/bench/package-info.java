/**
 * Measures training: {@code graft bench train}. {@link dev.graft.training.bench.TrainingBenchmark}
 * runs the first steps of a run as they are, through {@code finetune}, and listens; {@link
 * dev.graft.training.bench.ReferenceRounds} runs another program in turn with it. {@code GemmBound}
 * says what the matrix products of those steps take at least.
 *
 * <p>Only an idle machine gives a number worth having.
 */
@NullMarked
package dev.graft.training.bench;

import org.jspecify.annotations.NullMarked;
