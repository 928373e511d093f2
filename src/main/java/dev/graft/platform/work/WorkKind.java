package dev.graft.platform.work;

import java.io.IOException;

/** Something that servers do beside requests. A bean of it has a loop in every server. */
public interface WorkKind {
  /** Whose turn it is where the work is of no department, or outlives it. */
  String ORGANIZATION = "organization";

  WorkSettings settings();

  /**
   * Works at it. A normal return ends it, unless it was given back or ended already; what it finds
   * out is written in one transaction with {@link LeasedWork#hold}, {@code done} or {@code later},
   * and only where these say that the claim still held.
   *
   * @throws InterruptedException when the claim is lost or the server stops
   * @throws IOException as any other exception: it is tried again, until it is given up
   */
  void work(WorkClaim claim) throws InterruptedException, IOException;

  /** It has failed, and will be tried again; the claim holds still. */
  default void failed(WorkClaim claim) {}

  /** It has failed as often as it may, and is over when this returns. */
  default void gaveUp(WorkClaim claim) {}
}
