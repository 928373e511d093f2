/**
 * A client of Graft's API, the client commands of {@code graft}, and the demo.
 *
 * <p>{@link dev.graft.client.GraftApi} makes the calls, {@link dev.graft.client.JobWatch} waits for
 * a job, and {@link dev.graft.client.Screen} shows its progress. Nothing here uses the server's
 * classes. {@link dev.graft.client.DemoRun} trains an adapter of the bundled base model on
 * generated facts and asks both models the same questions.
 *
 * <p>An answer other than 2xx throws {@link dev.graft.client.ApiRefused} with the server's message
 * and the request's id; no answer throws a {@link java.io.UncheckedIOException}.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform"})
package dev.graft.client;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
