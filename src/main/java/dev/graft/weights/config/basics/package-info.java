/**
 * What configurations of all families are made of: the supported model types, sizes and token ids,
 * dropouts, activations, and the task of the head ({@link dev.graft.weights.config.basics.Task}).
 */
@NullMarked
@NamedInterface("basics")
package dev.graft.weights.config.basics;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
