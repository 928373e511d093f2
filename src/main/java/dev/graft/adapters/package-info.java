/** Published results: identity, lineage, download. */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"platform", "spec", "tenancy", "artifacts", "catalog", "jobs"})
package dev.graft.adapters;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
