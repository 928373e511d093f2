/**
 * How long things are kept: policies of departments, notices, and the sweep.
 *
 * <p>How it works: five kinds of things have clocks of their own ({@link
 * dev.graft.retention.RetentionKind}). A sweep writes a {@link dev.graft.retention.RetentionNotice}
 * for what its policy will remove, the days of notice ahead, and removes what has been told for
 * that long. Modules that have the things supply {@link dev.graft.retention.Retained}; each removal
 * goes the way of a deletion that somebody asks for. Blobs go last ({@code retention.blobs}).
 *
 * <p>How it fails: a notice is a promise, its time is never moved closer, so no change of a policy
 * removes anything before it has been told. Removing locks the thing first, then ends its notice,
 * and is undone where that is gone: of a removal and a withdrawal, or of two sweeps, one wins. A
 * removal is one transaction; whoever is killed between two has done the first. What is in use when
 * its time comes is told again.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: *",
      "tenancy",
      "artifacts",
      "artifacts :: manifest"
    })
package dev.graft.retention;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
