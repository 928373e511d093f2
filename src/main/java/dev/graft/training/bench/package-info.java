/**
 * Measures training: {@code graft bench train}. Only an idle machine gives a number worth having.
 */
@NullMarked
package dev.graft.training.bench;

import org.jspecify.annotations.NullMarked;
