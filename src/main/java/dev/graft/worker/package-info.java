/**
 * Leases jobs, supervises trainers, renews, drains, uploads, completes. Holds no database
 * credentials.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "spec",
      "artifacts",
      "training",
      "training :: protocol",
      "jobs :: lease"
    })
package dev.graft.worker;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
