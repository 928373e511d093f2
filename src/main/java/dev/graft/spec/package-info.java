/**
 * What to train, as pure records: method, objective, schedule, data options. No framework types.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package dev.graft.spec;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
