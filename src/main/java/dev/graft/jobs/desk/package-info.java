/**
 * The server's answers to whoever holds a lease, however the call came: {@link
 * dev.graft.jobs.desk.LeaseDesk} gives jobs out and takes reports, {@link
 * dev.graft.jobs.desk.LeaseBlobs} lets a lease reach its own blobs and no others. {@link
 * dev.graft.jobs.desk.Retries} decides what follows a failed attempt; {@link
 * dev.graft.jobs.desk.Reaper} takes leases away whose workers are silent, on a thread of its own
 * ({@link dev.graft.jobs.desk.ReaperLoop}). All of that has connections to the database that nobody
 * else gets ({@link dev.graft.jobs.desk.WorkerConnections}).
 *
 * <p>How it fails: as {@link dev.graft.jobs.lease} says: a lost lease is a normal race, a refusal
 * will not change by asking again.
 */
@NullMarked
@NamedInterface("desk")
package dev.graft.jobs.desk;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
