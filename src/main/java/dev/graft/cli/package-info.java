/**
 * The {@code graft} commands: thin entry points over the modules, one class each; the program
 * begins in {@link dev.graft.cli.GraftCommand}.
 *
 * <p>Commands that are clients of a server, wherever it runs, are in {@link dev.graft.client}.
 * Commands on a data directory open the server's own services without a web server ({@code
 * ServerContext}), also while a server runs there. {@code trainer}, {@code inferrer} and {@code
 * libtorch-check} are children of others, not for people.
 *
 * <p>How they fail: in one line on standard error, and by exit status: 1 failed, 2 wrong request, 3
 * the machine lacks something, said with its cure ({@code FailureReport}). Results alone go to
 * standard output.
 */
@NullMarked
package dev.graft.cli;

import org.jspecify.annotations.NullMarked;
