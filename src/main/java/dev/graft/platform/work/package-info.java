/** TODO. */
@NullMarked
package dev.graft.platform.work;

import org.jspecify.annotations.NullMarked;
