/** A Graft of its own, each part of which is a process that can be killed and started again. */
@NullMarked
package dev.graft.nemesis.cluster;

import org.jspecify.annotations.NullMarked;
