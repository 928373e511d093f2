/**
 * Rotary position embedding ({@link dev.graft.weights.config.rope.Rope}) with its scalings,
 * computed in f32 as transformers does, and read from the spellings of transformers 4 and 5.
 */
@NullMarked
@NamedInterface("rope")
package dev.graft.weights.config.rope;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
