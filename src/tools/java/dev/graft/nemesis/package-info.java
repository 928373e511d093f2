/**
 * Kills the parts of a running Graft at random moments and checks that nothing is lost: {@code
 * graft nemesis}.
 *
 * <p>A {@link dev.graft.nemesis.Cluster} is a server with its PostgreSQL, or several servers, which
 * clients use in turns, with one PostgreSQL and one artifact store; and workers, each by a {@link
 * dev.graft.nemesis.Cluster.CuttableLink} of its own. Each is a process of the jar that was built,
 * with leases of 5 s. One job runs undisturbed; its adapter's SHA-256 is the reference. {@link
 * dev.graft.nemesis.WorkerFaults} runs the same job again while workers and trainers are killed,
 * paused and cut off; {@link dev.graft.nemesis.NemesisCommand.ServerKills} does it while servers,
 * PostgreSQL, PgBouncer and S3 are killed, during continuous uploads and submissions whose answers
 * are remembered ({@link dev.graft.nemesis.NemesisCommand.Acknowledged}). Meanwhile the adapter is
 * asked the same question again and again ({@link dev.graft.nemesis.NemesisCommand.Chats}). {@link
 * dev.graft.nemesis.NemesisCommand.WorkerStops} stops workers with SIGTERM in the middle of long
 * steps. The seed determines the order and moments; what is running at a moment depends on the
 * machine.
 *
 * <p>Every violation is printed when it is found; the logs of the processes are then kept in the
 * working directory.
 */
@NullMarked
package dev.graft.nemesis;

import org.jspecify.annotations.NullMarked;
