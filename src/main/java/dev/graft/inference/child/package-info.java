/**
 * The inferrer: a process that keeps one base model in memory and answers one request at a time: a
 * process continues texts or labels them. It speaks {@link dev.graft.inference.protocol}; {@link
 * dev.graft.inference.child.InferrerProgram} reads the orders, a thread of its own makes the
 * answers.
 *
 * <p>A cancelled answer ends at its next token, and the process ends when its input ends. A native
 * crash or an exhausted memory ends it alone; the server starts another for the next chat.
 */
@NullMarked
@NamedInterface("child")
package dev.graft.inference.child;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
