/**
 * The trainer as a plain library and program; the only user of DJL beside text. No Spring beans.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec", "text", "weights"})
package dev.graft.training;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
