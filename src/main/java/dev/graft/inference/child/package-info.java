/**
 * The inferrer: a process that keeps one base model in memory and answers one chat at a time.
 *
 * <p>JSON lines both ways: an {@link dev.graft.inference.child.Order} in, {@link
 * dev.graft.inference.child.Reply} lines out, after one {@code ready}: the pieces of an answer as
 * they become certain, then one last line. A cancelled answer ends at its next token. It ends when
 * its input ends. A native crash or an exhausted memory ends it alone; the server starts another
 * for the next chat.
 */
@NullMarked
@NamedInterface("child")
package dev.graft.inference.child;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
