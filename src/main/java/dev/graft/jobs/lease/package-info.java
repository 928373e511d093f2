/**
 * The protocol between workers and the queue: leases, reports and directives. {@link
 * dev.graft.jobs.lease.LeaseProtocol} has all calls of a worker, {@link
 * dev.graft.jobs.lease.LeaseWire} the form of its records on the wire.
 *
 * <p>How it fails: {@link dev.graft.jobs.lease.LeaseProtocol.LeaseLost} is a normal race, {@link
 * dev.graft.jobs.lease.LeaseProtocol.LeaseRefused} will not change by asking again, and an {@link
 * java.io.UncheckedIOException} means that the call may have taken effect or not: repeat it.
 */
@NullMarked
@NamedInterface("lease")
package dev.graft.jobs.lease;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
