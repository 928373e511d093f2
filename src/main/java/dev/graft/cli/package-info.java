/** The {@code graft} commands: thin entry points over the modules. */
@NullMarked
package dev.graft.cli;

import org.jspecify.annotations.NullMarked;
