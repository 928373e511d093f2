/**
 * Leased work: background work of servers, each piece on one server at a time.
 *
 * <p>A piece of work is a row of {@code leased_work}, written together with its subject by {@link
 * dev.graft.platform.work.LeasedWork#add}, or by a trigger on the table of the subject, as on
 * {@code webhook_delivery}. A module that has work declares a bean of a {@link
 * dev.graft.platform.work.WorkKind}; each kind has a {@link dev.graft.platform.work.WorkLoop} in
 * every server, which claims due work, renews the claim while a thread works, retries failed work
 * and gives up after repeated failures. Departments take turns, and none gets more than its share
 * of a server.
 *
 * <p>A server that dies loses its claims when their lease expires, and other servers take over. A
 * late server cannot overwrite results: they are written in the same transaction that checks the
 * claim ({@link dev.graft.platform.work.LeasedWork#hold}, {@code done} or {@code later}). An
 * expired claim counts as a failure, so work that crashes servers is given up too. While the
 * database is unavailable nothing is claimed, and one warning is logged.
 */
@NullMarked
@NamedInterface("work")
package dev.graft.platform.work;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
