/**
 * What every server does by the clock to jobs and to what is stored, and how it says that all is
 * well: the removal of expired files and uploads, of what is not kept any longer and of blobs that
 * nothing needs, the check of the queue's invariants and the repair of its counters, health. What
 * only a module itself remembers (submissions, buckets of rate limits, deliveries of webhooks) it
 * forgets by a schedule of its own.
 *
 * <p>How it fails: a schedule that throws is logged by Spring and runs again after its delay; the
 * work itself is idempotent and safe on several servers at once. A broken invariant is an error in
 * the log, a metric, and takes the health endpoint down until it holds again; no probe asks that: a
 * server that is taken out mends nothing.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "retention",
      "retention :: blobs",
      "datasets :: retention",
      "jobs",
      "jobs :: desk"
    })
package dev.graft.ops;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
