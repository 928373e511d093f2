/**
 * Tensors as names, element types, shapes and bytes, little-endian and row-major, and the rounding
 * of f32 to 16 bits as PyTorch does it.
 */
@NullMarked
@NamedInterface("tensor")
package dev.graft.weights.tensor;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
