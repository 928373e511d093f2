/**
 * A client of Graft's API, the {@code graft} commands that are clients, and the demo.
 *
 * <p>{@link dev.graft.client.GraftApi} makes the calls, {@link dev.graft.client.JobWatch} follows a
 * job to its end, and {@link dev.graft.client.Screen} shows its progress. Nothing here knows the
 * server except by its address. {@link dev.graft.client.DemoRun} trains an adapter of the bundled
 * base model on generated facts and puts the same questions to both.
 *
 * <p>How it fails: an answer other than 2xx is an {@link dev.graft.client.ApiRefused} with the
 * server's sentence and the request's id; a server that does not answer is an {@link
 * java.io.UncheckedIOException}.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform"})
package dev.graft.client;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
