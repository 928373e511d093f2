/**
 * Checks of this machine: Java, processor, memory, open files and libtorch, and the disk under the
 * data directory, whether that exists already or will be made.
 *
 * <p>What is tried on the disk is tried in a directory of its own ({@code Probe}), which is removed
 * again. Libtorch is asked of a child process, because it may end its process where it does not
 * load.
 */
@NullMarked
package dev.graft.cli.doctor.machine;

import org.jspecify.annotations.NullMarked;
