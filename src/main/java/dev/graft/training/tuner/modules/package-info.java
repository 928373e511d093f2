/**
 * Which modules of a base a method changes, and what of the base itself trains beside factors:
 * whole modules (PEFT's {@code modules_to_save}), biases, rows of the token table, the head that a
 * task asks for.
 */
@NullMarked
package dev.graft.training.tuner.modules;

import org.jspecify.annotations.NullMarked;
