/** What a worker sees of the queue: leases, reports and directives, as wire records. */
@NullMarked
@NamedInterface("lease")
package dev.graft.jobs.lease;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
