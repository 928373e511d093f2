/**
 * Leased work: what servers do in the background, each piece on one server at a time.
 *
 * <p>How it works: a piece is a row of {@code leased_work}, written together with its subject by
 * {@link dev.graft.platform.work.LeasedWork#add}, or by a trigger on the table of the subject, as
 * on {@code webhook_delivery}. A module that has work declares a bean of a {@link
 * dev.graft.platform.work.WorkKind}; each kind has a {@link dev.graft.platform.work.WorkLoop} in
 * every server, which claims what is due, renews the claim while a thread works, retries what fails
 * and gives up what keeps failing. Departments take turns, and none gets more than its share of a
 * server.
 *
 * <p>How it fails: a server that dies loses its claims when their lease expires, and others take
 * over. A late server changes nothing: results are written in the same transaction in which the
 * claim is found again ({@link dev.graft.platform.work.LeasedWork#hold}, {@code done} or {@code
 * later}). A claim that expires counts as a failure, so work that takes its servers down is given
 * up too. While the database is away nothing is claimed, and one warning is logged.
 */
@NullMarked
@NamedInterface("work")
package dev.graft.platform.work;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
