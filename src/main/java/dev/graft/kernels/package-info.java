/** TODO. */
@NullMarked
package dev.graft.kernels;

import org.jspecify.annotations.NullMarked;
