/** The statements that the layers of base models are made of. */
@NullMarked
package dev.graft.training.program.layer;

import org.jspecify.annotations.NullMarked;
