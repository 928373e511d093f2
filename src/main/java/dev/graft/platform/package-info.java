/**
 * The base of all modules: ids, the clock, the error envelope, pagination, idempotency, the
 * security filter chain, child processes, metrics and traces.
 *
 * <p>Errors for API clients are thrown as {@link dev.graft.platform.RequestFailed} and rendered as
 * OpenAI's. {@link dev.graft.platform.MachineLacks} reports, in one line, what this machine lacks
 * and how to fix it.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec"})
package dev.graft.platform;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
