/**
 * The ground floor: ids, the clock, the error envelope, pagination, idempotency, the security
 * filter chain, child processes, metrics and traces. Every module stands on it.
 *
 * <p>An error that a client sees is thrown as {@link dev.graft.platform.RequestFailed} and rendered
 * as OpenAI renders it. {@link dev.graft.platform.MachineLacks} is what this machine does not have:
 * one line with its cure.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec"})
package dev.graft.platform;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
