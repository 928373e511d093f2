/**
 * A client of Graft's API: {@link dev.graft.client.GraftApi} makes the calls, {@link
 * dev.graft.client.JobWatch} follows a job to its end, and {@link dev.graft.client.Screen} shows
 * how far it is. It knows the server by its address alone, as a portal would.
 *
 * <p>The {@code graft} commands that are clients are in {@link dev.graft.client.command}; which
 * server they ask, and with which key, is decided in {@link dev.graft.client.login}.
 *
 * <p>How it fails: an answer other than 2xx is an {@link dev.graft.client.ApiRefused} with the
 * server's sentence and the request's id; a server that does not answer is an {@link
 * java.io.UncheckedIOException}.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform", "platform :: process"})
package dev.graft.client;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
