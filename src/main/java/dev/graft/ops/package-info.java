/** Schedules and health: the reaper, invariants. */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform", "tenancy", "jobs", "artifacts"})
package dev.graft.ops;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
