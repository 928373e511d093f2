package dev.graft.inference;

import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A call on the {@link CallBoard}: who asked, who answers, and what has been heard. */
final class PlacedCall {
  /** What the one who waits hears. */
  sealed interface Heard {
    record Said(Reply reply) implements Heard {}

    record Lost(String why) implements Heard {}
  }

  private final String department;
  private final InferenceCall call;

  /** Nobody claimed it yet, or the claim was taken back. */
  private @Nullable String claim;

  private final long placed = System.nanoTime();
  private final LinkedBlockingQueue<Heard> heard = new LinkedBlockingQueue<>();
  private volatile boolean standing;
  private long lastReport;
  private boolean confirmed;
  private long replies;

  PlacedCall(String department, InferenceCall call) {
    this.department = department;
    this.call = call;
  }

  String department() {
    return department;
  }

  InferenceCall call() {
    return call;
  }

  /** Its row is there. */
  void stands() {
    standing = true;
  }

  boolean isStanding() {
    return standing;
  }

  /** Null at the end of the time. */
  @Nullable Heard next(long nanos) throws InterruptedException {
    return heard.poll(nanos, TimeUnit.NANOSECONDS);
  }

  /** A worker has it, under this claim; nothing happens where that is known. */
  synchronized void taken(String by) {
    if (by.equals(claim)) return;
    claim = by;
    confirmed = false;
    replies = 0;
    lastReport = System.nanoTime();
  }

  /** The claim of a worker that should have it and has never said so: it may not know. */
  synchronized @Nullable String unconfirmed() {
    return confirmed ? null : claim;
  }

  synchronized void putBack() {
    claim = null;
  }

  synchronized boolean isTaken() {
    return claim != null;
  }

  /** Nanoseconds since it was placed. */
  long age() {
    return System.nanoTime() - placed;
  }

  /** Nanoseconds since its worker was last heard of. */
  synchronized long silence() {
    return System.nanoTime() - lastReport;
  }

  /**
   * Takes what is new in a report under a claim.
   *
   * @return false if something before it is missing: then nothing is taken
   */
  synchronized boolean report(String by, InferenceCall.CallReport report) {
    if (!by.equals(claim)) return true; // an earlier turn's
    lastReport = System.nanoTime();
    confirmed = true;
    if (report.first() > replies) return false;
    List<Reply> told = report.replies();
    for (int i = (int) Math.min(replies - report.first(), told.size()); i < told.size(); i++) {
      heard.add(new Heard.Said(told.get(i)));
      replies++;
    }
    String lost = report.lost();
    if (lost != null) heard.add(new Heard.Lost(lost));
    return true;
  }

  /** There will be no answer. */
  void lost(String why) {
    heard.add(new Heard.Lost(why));
  }
}
