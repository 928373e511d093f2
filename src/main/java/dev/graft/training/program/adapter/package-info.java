/** The statements that adapter methods add beside those of the base model. */
@NullMarked
package dev.graft.training.program.adapter;

import org.jspecify.annotations.NullMarked;
