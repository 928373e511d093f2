/** Base models: registered, digested, checked. */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform", "spec", "tenancy", "artifacts", "weights"})
package dev.graft.catalog;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
