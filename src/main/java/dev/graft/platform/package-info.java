/**
 * The ground floor: ids, clock, the error envelope, pagination, idempotency, the security filter
 * chain and the embedded database.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package dev.graft.platform;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
