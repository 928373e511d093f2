/**
 * The ground floor: what every part of Graft stands on.
 *
 * <p>Here are public ids ({@link dev.graft.platform.Ids}), the data directory, the clock, and what
 * a machine may lack: a {@link dev.graft.platform.MachineLacks} is one line with its cure. Each
 * package below is a floor of its own and named to the modules that use it: {@code errors}, {@code
 * web}, {@code pagination}, {@code idempotency}, {@code security}, {@code process}, {@code
 * metrics}, {@code tracing}, {@code database}, {@code download}.
 */
@NullMarked
@ApplicationModule(allowedDependencies = "spec :: fields")
package dev.graft.platform;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
