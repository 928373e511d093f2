/**
 * Leased work: what servers do beside requests, each piece by one of them at a time.
 *
 * <p>How it works: a piece is a row of {@code leased_work}, written with what it is about by {@link
 * dev.graft.work.LeasedWork#add}, or by a trigger where a trigger writes that, as on {@code
 * webhook_delivery}. A module that has work makes a bean of a {@link dev.graft.work.WorkKind}; each
 * kind has a {@link dev.graft.work.WorkLoop} in every server, which claims what is due, keeps the
 * claim while a thread works under it ({@link dev.graft.work.KeptClaim}), tries again what fails
 * and gives up what keeps failing. Departments take turns, and none has more than its share of a
 * server.
 *
 * <p>How it fails: a server that dies loses its claims after their lease, and others take over. One
 * that comes late changes nothing: whoever writes results names its claim in the same transaction
 * ({@link dev.graft.work.LeasedWork#hold}, {@code done} or {@code later}) and must find it. Work
 * that takes its servers down is given up, too: a claim that ran out counts as a failure, and waits
 * like one. At shutdown what is under way is given back. While the database is away nothing is
 * claimed, and one warning says so.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform", "platform :: *"})
package dev.graft.work;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
