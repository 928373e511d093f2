package dev.graft.platform.work;

import java.io.IOException;

/** A kind of background work. Each bean has a loop in every server. */
public interface WorkKind {
  /** The department of work that belongs to none or outlives its department. */
  String ORGANIZATION = "organization";

  WorkSettings settings();

  /**
   * Does the work. A normal return completes it, unless it was given back or completed already.
   * Results must be written in one transaction with {@link LeasedWork#hold}, {@code done} or {@code
   * later}, and only if these return that the claim is still valid.
   *
   * @throws InterruptedException when the claim is lost or the server stops
   * @throws IOException or any other exception: the work is retried, until it is given up
   */
  void work(WorkClaim claim) throws InterruptedException, IOException;

  /** Called when the work has failed and will be retried; the claim is still valid. */
  default void failed(WorkClaim claim) {}

  /** Called when the work has failed the maximum number of times; it is deleted afterwards. */
  default void gaveUp(WorkClaim claim) {}
}
