/**
 * What a worker sees of the queue: leases, reports and directives. The records are the wire ({@link
 * dev.graft.jobs.lease.LeaseWire}); {@link dev.graft.jobs.lease.LeaseProtocol} is all that a worker
 * can ask.
 *
 * <p>How it fails: {@link dev.graft.jobs.lease.LeaseProtocol.LeaseLost} is a normal race, {@link
 * dev.graft.jobs.lease.LeaseProtocol.LeaseRefused} will not change by asking again, and an {@link
 * java.io.UncheckedIOException} says that nobody knows whether the call took effect: repeat it.
 */
@NullMarked
@NamedInterface("lease")
package dev.graft.jobs.lease;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
