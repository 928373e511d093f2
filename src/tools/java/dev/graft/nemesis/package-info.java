/**
 * Kills the parts of a running Graft at random moments and checks that nothing is lost: {@code
 * graft nemesis}.
 *
 * <p>How it works: a {@link dev.graft.nemesis.Cluster} is a server with its PostgreSQL, or several
 * servers, which clients ask in turns, over one PostgreSQL and one store; and workers, each by a
 * {@link dev.graft.nemesis.CuttableLink} of its own. Each is a process of the jar that was built,
 * with leases of 5 s. One job runs undisturbed; its adapter's SHA-256 is the measure. {@link
 * dev.graft.nemesis.WorkerFaults} runs the same job again while workers and trainers are killed,
 * paused and cut off; {@link dev.graft.nemesis.ServerKills} does it while servers, PostgreSQL,
 * PgBouncer and S3 are killed, under a loop of uploads and submits whose answers are remembered
 * ({@link dev.graft.nemesis.Acknowledged}). All the time the adapter is asked the same ({@link
 * dev.graft.nemesis.Chats}). {@link dev.graft.nemesis.WorkerStops} stops workers with SIGTERM in
 * the middle of long steps. The seed decides order and moments; what a moment hits depends on the
 * machine.
 *
 * <p>How it fails: every broken promise is a violation, printed when it is found; the logs of the
 * processes stay in the working directory then.
 */
@NullMarked
package dev.graft.nemesis;

import org.jspecify.annotations.NullMarked;
