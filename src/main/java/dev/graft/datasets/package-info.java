/** Files in: streamed, validated line by line, versioned by digest. */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"platform", "spec", "text", "tenancy", "artifacts", "catalog"})
package dev.graft.datasets;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
