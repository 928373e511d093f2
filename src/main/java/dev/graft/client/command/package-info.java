/**
 * The {@code graft} commands that are clients of a server, wherever it runs: {@code files}, {@code
 * jobs}, {@code adapters}, {@code evaluations}, {@code keys} and {@code models available}.
 *
 * <p>Each is an {@code ApiCommand}, which opens the connection. Results go to standard output, as
 * tables or, with {@code --json}, as the server's own JSON; progress goes to standard error.
 */
@NullMarked
@NamedInterface("command")
package dev.graft.client.command;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
