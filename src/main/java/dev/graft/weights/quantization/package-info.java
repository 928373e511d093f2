/**
 * The arithmetic of bitsandbytes' 4-bit weights, to the bit: the sixteen numbers of NF4 and FP4,
 * scales of blocks, and scales that are quantised once more.
 *
 * <p>The tensors that are made of it are in {@code weights.checkpoint}.
 */
@NullMarked
@NamedInterface("quantization")
package dev.graft.weights.quantization;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
