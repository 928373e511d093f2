/**
 * What happened to a job, numbered: {@link dev.graft.jobs.events.JobEvents} reads events and
 * checkpoints, which {@link dev.graft.jobs.queue} writes. Clients page through them or follow a job
 * as it moves; the open streams of a server share one loop and one query, {@link
 * dev.graft.jobs.events.FollowedJobs}.
 *
 * <p>How it fails: a client that was cut off asks again from the last number that it saw, and
 * misses nothing.
 */
@NullMarked
package dev.graft.jobs.events;

import org.jspecify.annotations.NullMarked;
