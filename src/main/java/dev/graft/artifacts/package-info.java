/** Content-addressed blobs with manifests, published atomically. */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform"})
package dev.graft.artifacts;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
