/**
 * Methods that train what the base itself has: all parameters or some, the norms; and what of it
 * trains beside the factors of another method: whole modules (PEFT's {@code modules_to_save}),
 * biases, rows of the token table, the head that a task asks for.
 */
@NullMarked
package dev.graft.training.tuner.modules;

import org.jspecify.annotations.NullMarked;
