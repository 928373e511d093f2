package dev.graft.inference.routing;

import dev.graft.inference.protocol.Reply;
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
  private final long placed = System.nanoTime();
  private final LinkedBlockingQueue<Heard> heard = new LinkedBlockingQueue<>();
  private @Nullable String worker;
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

  /** Null at the end of the time. */
  @Nullable Heard next(long nanos) throws InterruptedException {
    return heard.poll(nanos, TimeUnit.NANOSECONDS);
  }

  synchronized void taken(String by) {
    worker = by;
    lastReport = System.nanoTime();
  }

  /** Whether a worker that should have it has never said so: it may not know. */
  synchronized boolean isUnconfirmed() {
    return worker != null && !confirmed;
  }

  synchronized void putBack() {
    worker = null;
  }

  synchronized boolean isTaken() {
    return worker != null;
  }

  synchronized boolean isOf(String other) {
    return other.equals(worker);
  }

  /** Nanoseconds since it was placed. */
  long age() {
    return System.nanoTime() - placed;
  }

  /** Nanoseconds since its worker was last heard of. */
  synchronized long silence() {
    return System.nanoTime() - lastReport;
  }

  /** Takes what is new in a report; one whose beginning is missing is left out, it comes again. */
  synchronized void report(InferenceCall.CallReport report) {
    lastReport = System.nanoTime();
    confirmed = true;
    if (report.first() > replies) return;
    List<Reply> told = report.replies();
    for (int i = (int) Math.min(replies - report.first(), told.size()); i < told.size(); i++) {
      heard.add(new Heard.Said(told.get(i)));
      replies++;
    }
    String lost = report.lost();
    if (lost != null) heard.add(new Heard.Lost(lost));
  }
}
