/** Try-out chat on a base model with any adapter, served by a warm child process. */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "spec",
      "text",
      "tenancy",
      "artifacts",
      "catalog",
      "adapters",
      "training",
      "training :: generation",
      "weights"
    })
package dev.graft.inference;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
