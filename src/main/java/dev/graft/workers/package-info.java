/**
 * The workers of this Graft, as the server sees them: who they are and how they call. The process
 * itself is module {@code worker} and has no database.
 *
 * <p>How it works: an administrator makes a token ({@link dev.graft.workers.JoinTokens}), a worker
 * joins with it once and from then on shows a credential of its own ({@link
 * dev.graft.workers.WorkerCredentials}). {@link dev.graft.workers.WorkerSecurity} is a filter chain
 * that only such credentials open. {@link dev.graft.workers.LeaseController} takes the calls of
 * {@link dev.graft.jobs.lease.LeaseProtocol} over HTTP, {@link
 * dev.graft.workers.InProcessLeaseProtocol} those of a worker inside this very process; both end at
 * {@link dev.graft.jobs.desk.LeaseDesk}.
 *
 * <p>How it fails: a token that is used, expired or revoked lets nobody in, and a revoked
 * credential is unknown at its next call, as is one that expired: workers renew theirs long before.
 * A worker of another version is told so and gets no work; the run that it has begun goes on. A
 * lost lease is 409 and not to be tried again; what has no answer of its own is a server error,
 * which workers do try again.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: *",
      "tenancy",
      "artifacts",
      "artifacts :: cache",
      "artifacts :: manifest",
      "jobs :: *"
    })
package dev.graft.workers;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
