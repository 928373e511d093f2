/**
 * What a server and its inferrer say to each other, as JSON lines: an {@link
 * dev.graft.inference.protocol.InferrerOrder} in, {@link dev.graft.inference.protocol.Reply} lines
 * out, after one {@code ready}: the pieces of an answer as they become certain, then one last line.
 *
 * <p>The same records travel between a server and the worker that answers for it, and an engine's
 * stream is put into them, so that everything above knows one form of an answer.
 */
@NullMarked
package dev.graft.inference.protocol;

import org.jspecify.annotations.NullMarked;
