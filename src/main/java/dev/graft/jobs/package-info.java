/** The life of a job; the only writer of job state. */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"platform", "spec", "tenancy", "artifacts", "catalog", "datasets"})
package dev.graft.jobs;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
