/**
 * The commands that start the Spring application: {@code serve} for as long as it is not stopped,
 * {@code demo} with a worker beside it, and {@code key}, {@code models}, {@code worker-token} and
 * {@code artifacts} for one call.
 *
 * <p>The last ones open the server's own services on its data directory, without a web server and
 * without its schedules ({@code ServerContext}), also while a server runs there. Of that server,
 * {@code key} and {@code worker-token} ask to carry them out ({@code CommandSocket}).
 *
 * <p>How they fail: a port in use is found before anything is started, and Ctrl-C during the start
 * stops PostgreSQL and ends at once.
 */
@NullMarked
package dev.graft.cli.server;

import org.jspecify.annotations.NullMarked;
