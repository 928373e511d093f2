/** Departments, their keys and their quotas: who is calling and how much they may use. */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform"})
package dev.graft.tenancy;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
