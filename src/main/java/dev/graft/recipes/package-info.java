/**
 * Named, versioned adapter configurations.
 *
 * <p>How it works: a department gives the object that it would send as {@code adapter} a name; each
 * change is a new version, and a version never changes. {@link dev.graft.recipes.AdapterConfigs}
 * expands what a job says, {@code {"config": "support", "version": 2}} with overrides or a preset's
 * name, into the object itself; the job records where it came from. Presets are configurations that
 * every department has.
 *
 * <p>How it fails: a configuration that would be refused in a job is refused here, at the same
 * paths. Deleting one leaves jobs as they are, since they hold the expanded object.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform", "platform :: *", "spec :: *", "tenancy"})
package dev.graft.recipes;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
