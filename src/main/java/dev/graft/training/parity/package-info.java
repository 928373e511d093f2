/**
 * Golden runs: the reference's training runs on tiny models, repeated here and compared step by
 * step. {@link dev.graft.training.parity.GoldenRun} is one case; {@code graft parity} runs a
 * directory of them.
 *
 * <p>A case that needs what is not built is skipped with the reason; a difference beyond the case's
 * own tolerance is a failure.
 */
@NullMarked
package dev.graft.training.parity;

import org.jspecify.annotations.NullMarked;
