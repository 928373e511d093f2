/** TODO. */
@NullMarked
package dev.graft.artifacts.hub;

import org.jspecify.annotations.NullMarked;
