/**
 * Bottleneck adapters: two small linear layers with a function between them at the end of a layer's
 * branches, and where those branches end.
 */
@NullMarked
package dev.graft.training.tuner.bottleneck;

import org.jspecify.annotations.NullMarked;
