/**
 * Answers in the making, of whichever endpoint: a checked {@link
 * dev.graft.inference.generation.GenerationRequest}, how its tokens are drawn ({@link
 * dev.graft.inference.protocol.Decoding}), and the {@link
 * dev.graft.inference.generation.OngoingGeneration} that comes of it, piece by piece, on a thread
 * of its own. Closing that before its end cancels the answer.
 *
 * <p>{@link dev.graft.inference.generation.GreedyGenerator} asks the same way on behalf of other
 * modules.
 */
@NullMarked
package dev.graft.inference.generation;

import org.jspecify.annotations.NullMarked;
