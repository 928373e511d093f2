/**
 * How a layer becomes text. A family names about a dozen {@link
 * dev.graft.training.program.Statement}s; {@link dev.graft.training.program.LayerProgram} writes
 * them forward, and walks them backwards for the gradients, summing where a value has several uses.
 * A backward exists per operation, never per family.
 *
 * <p>Nothing here touches a tensor. A wrong program fails when it is compiled, or in the tests that
 * hold it against autograd.
 */
@NullMarked
package dev.graft.training.program;

import org.jspecify.annotations.NullMarked;
